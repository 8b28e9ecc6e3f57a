//! What a program has registered: its applications and the projections that it can retry and rebuild.

use eventsourcing::{Application, ApplicationStruct};

use crate::boxed::Boxed;
use crate::consumer::Consumer;
use crate::database::Variables;

/// The applications and projections of a program; none of them in the command `eventsourcing` itself.
#[derive(Default)]
pub(crate) struct Program {
    pub(crate) applications: Vec<TypedApplication>,
    pub(crate) consumers: Vec<Box<dyn Consumer>>,
}

/// An application whose type the program has.
#[derive(Clone, Copy)]
pub(crate) struct TypedApplication {
    pub(crate) name: &'static str,
    open: fn(Variables) -> Boxed<'static, eventsourcing::Result<Application>>,
    look: fn(Variables, bool) -> Boxed<'static, eventsourcing::Result<Application>>,
}

impl TypedApplication {
    pub(crate) fn of<A: ApplicationStruct>() -> Self {
        Self { name: A::NAME, open: open::<A>, look: look::<A> }
    }

    /// Opens the application with its types.
    pub(crate) async fn open(&self, variables: Variables) -> eventsourcing::Result<Application> {
        (self.open)(variables).await
    }

    /// Opens the application with its types, to look at it.
    pub(crate) async fn look(&self, variables: Variables, with_key: bool) -> eventsourcing::Result<Application> {
        (self.look)(variables, with_key).await
    }
}

fn open<A: ApplicationStruct>(variables: Variables) -> Boxed<'static, eventsourcing::Result<Application>> {
    Box::pin(async move {
        let application = A::open_in(Some(variables)).await?;
        Ok(Application::clone(&application))
    })
}

fn look<A: ApplicationStruct>(
    variables: Variables,
    with_key: bool,
) -> Boxed<'static, eventsourcing::Result<Application>> {
    Box::pin(async move {
        let application = A::open_to_look(variables, with_key).await?;
        Ok(Application::clone(&application))
    })
}

impl Program {
    pub(crate) fn add(&mut self, application: TypedApplication) {
        if self.application(application.name).is_none() {
            self.applications.push(application);
        }
    }

    pub(crate) fn application(&self, name: &str) -> Option<&TypedApplication> {
        self.applications.iter().find(|application| application.name == name)
    }

    /// The consumer with this name; none if it is not registered.
    pub(crate) fn consumer(&self, name: &str) -> Option<&dyn Consumer> {
        self.consumers.iter().map(AsRef::as_ref).find(|consumer| consumer.name() == name)
    }
}
