//! What a projection made of a log.

use std::fmt::Debug;
use std::sync::Arc;

use super::difference::difference;
use super::place::Place;
use crate::application::Application;
use crate::projection::{
    MemoryViews, Projection, ProjectionKey, ProjectionRunner, RunnerBuilder, RunnerError, Stepper,
    ViewTransaction as _, Views,
};
use crate::recording::Notification;
use crate::state::difference::looks_the_same;

/// The views of a projection that has handled all events of a [`Log`](super::Log).
#[derive(Debug)]
pub struct Projected<V> {
    views: V,
}

impl<V> Projected<V> {
    /// Returns the views, such as to query their database.
    pub fn views(&self) -> &V {
        &self.views
    }
}

impl<S> Projected<MemoryViews<S>> {
    /// Looks at the view in memory, such as with `assert_eq!`.
    ///
    /// # Panics
    /// Where `look` panics.
    #[track_caller]
    pub fn then_view(self, look: impl FnOnce(&S)) -> Self {
        self.views.read(look);
        self
    }
}

/// Lets a projection handle the log, one event at a time.
pub(super) async fn once<P, V>(application: &Application, projection: P, views: V, place: Place) -> Projected<V>
where
    P: Projection,
    V: Views<View = P::View> + Clone,
{
    let projection = Arc::new(projection);
    let handled = async {
        tables(&*projection, &views).await?;
        let mut stepper = Stepper::new(runner(application, &projection, &views)).await?;
        while stepper.step().await?.is_some() {}
        Ok::<_, RunnerError>(())
    };
    expect::<P, _>(handled.await, place);
    Projected { views }
}

/// Lets a projection handle each event twice, and compares what is read after each time.
pub(super) async fn twice<P, V, T>(
    application: &Application,
    projection: P,
    views: V,
    read: impl AsyncFn(&V) -> T,
    place: Place,
) where
    P: Projection,
    V: Views<View = P::View> + Clone,
    T: Debug,
{
    let (projection, key) = (Arc::new(projection), ProjectionKey::new(P::NAME, P::VERSION).to_string());
    expect::<P, _>(tables(&*projection, &views).await, place);
    loop {
        let before = expect::<P, _>(views.position(&key, application.name()).await, place);
        if expect::<P, _>(step(application, &projection, &views).await, place).is_none() {
            return;
        }
        let once = read(&views).await;
        // back to before the event, as if its position had not been stored
        let after = expect::<P, _>(views.position(&key, application.name()).await, place);
        expect::<P, _>(views.move_position(&key, application.name(), after, before).await, place);
        let event = match step(application, &projection, &views).await {
            Ok(Some(event)) => event,
            Ok(None) => return,
            Err(error) => place.panic(format_args!(
                "the projection `{}` is not idempotent: it failed when an event was handled again: {error:?}",
                P::NAME
            )),
        };
        let twice = read(&views).await;
        if !looks_the_same(&once, &twice, &mut String::new()) {
            let shown = difference(&format!("{once:#?}"), &format!("{twice:#?}"));
            place.panic(format_args!(
                "the projection `{}` is not idempotent: `{}`, event {} of the log, changed the view when it was handled again \
                 (- once, + twice):\n\n{shown}",
                P::NAME,
                event.topic,
                event.id
            ));
        }
    }
}

/// Creates the tables, as the first start of a projection does.
async fn tables<P, V>(projection: &P, views: &V) -> Result<(), RunnerError>
where
    P: Projection,
    V: Views<View = P::View>,
{
    let key = ProjectionKey::new(P::NAME, P::VERSION).to_string();
    let beginning = views.ensure_live(&key, P::HAS_TABLES).await.map_err(RunnerError::of_view::<P>)?;
    if let Some(mut beginning) = beginning {
        let made = projection.tables("", beginning.view()).await;
        made.map_err(|source| RunnerError::Tables { name: P::NAME, source })?;
        beginning.commit().await.map_err(RunnerError::of_view::<P>)?;
    }
    Ok(())
}

/// Handles the next event from where the views are, if there is one.
async fn step<P, V>(
    application: &Application,
    projection: &Arc<P>,
    views: &V,
) -> Result<Option<Notification>, RunnerError>
where
    P: Projection,
    V: Views<View = P::View> + Clone,
{
    Stepper::new(runner(application, projection, views)).await?.step().await
}

fn runner<P, V>(application: &Application, projection: &Arc<P>, views: &V) -> RunnerBuilder<Arc<P>, V>
where
    P: Projection,
    V: Views<View = P::View> + Clone,
{
    ProjectionRunner::builder(application, Arc::clone(projection), views.clone())
}

/// What was done; the error with its sources otherwise.
fn expect<P: Projection, T>(outcome: Result<T, impl Debug>, place: Place) -> T {
    match outcome {
        Ok(done) => done,
        Err(error) => place.panic(format_args!("the projection `{}` failed: {error:?}", P::NAME)),
    }
}
