//! The command of a program of one's own, which has the types of its applications.

use std::error::Error as StdError;
use std::ffi::OsString;
use std::fmt;
use std::process::ExitCode;

use eventsourcing::projection::RebuildableViews;
use eventsourcing::{ApplicationStruct, ProcessApplication, Projection};

use crate::consumer::{PolicyConsumer, ProjectionConsumer};
use crate::execute;
use crate::program::{Program, TypedApplication};

/// Applications as a tuple, such as `(Shop, Payments)`; `()` are none. [`run`](crate::run) takes them.
pub trait Applications {
    /// Registers each of them.
    #[doc(hidden)]
    fn register(admin: Admin) -> Admin;
}

impl Applications for () {
    fn register(admin: Admin) -> Admin {
        admin
    }
}

macro_rules! tuples {
    ($($name:ident)+) => {
        impl<$($name: ApplicationStruct),+> Applications for ($($name,)+) {
            fn register(admin: Admin) -> Admin {
                admin$(.application::<$name>())+
            }
        }
    };
}

tuples!(A);
tuples!(A B);
tuples!(A B C);
tuples!(A B C D);
tuples!(A B C D E);
tuples!(A B C D E F);
tuples!(A B C D E F G);
tuples!(A B C D E F G H);

/// Returns the command of a program of one's own: register its applications, then [`run`](Admin::run) it.
///
/// # Examples
///
/// ```no_run
/// use eventsourcing::ApplicationStruct as _;
/// use eventsourcing::database::SqliteViews;
/// use eventsourcing::prelude::*;
/// use eventsourcing::sqlx::{SqliteConnection, SqlitePool};
///
/// #[aggregate]
/// #[derive(Debug)]
/// struct Order {
///     city: String,
/// }
///
/// #[aggregate]
/// impl Order {
///     #[event("Placed")]
///     fn place(city: String) -> Self {
///         Self { city }
///     }
/// }
///
/// #[application(aggregates(Order))]
/// struct Shop;
///
/// struct Cities;
///
/// #[projection("cities")]
/// impl Cities {
///     #[on]
///     async fn placed(&self, event: &OrderPlaced, view: &mut SqliteConnection) -> eventsourcing::sqlx::Result<()> {
///         # let _ = (event, view);
///         # Ok(())
///     }
/// }
///
/// fn main() -> std::process::ExitCode {
///     eventsourcing_cli::admin()
///         .application::<Shop>()
///         .projection(Cities, [Shop::NAME], || async {
///             let pool = SqlitePool::connect("sqlite:cities.db").await?;
///             Ok::<_, Box<dyn std::error::Error + Send + Sync>>(SqliteViews::open(pool).await?)
///         })
///         .run()
/// }
/// ```
pub fn admin() -> Admin {
    Admin { program: Program::default() }
}

/// The command with the types of a program: [`admin`] returns it.
#[must_use = "it does nothing before `run`"]
pub struct Admin {
    program: Program,
}

impl Admin {
    /// Registers an application: the states of its aggregates are shown.
    pub fn application<A: ApplicationStruct>(mut self) -> Self {
        self.program.add(TypedApplication::of::<A>());
        self
    }

    /// Registers an application with its policy, whose dead letters can be retried and discarded.
    pub fn policy<P: ProcessApplication>(self) -> Self {
        let mut admin = self.application::<P>();
        admin.program.consumers.push(Box::new(PolicyConsumer::<P>::new()));
        admin
    }

    /// Registers a projection, whose dead letters can be retried and discarded, and whose view can be rebuilt.
    ///
    /// It consumes the logs of the applications with these names. The function opens its views, when a command needs them.
    pub fn projection<P, V, F, E>(
        mut self,
        projection: P,
        upstreams: impl IntoIterator<Item = impl Into<String>>,
        views: impl Fn() -> F + Send + Sync + 'static,
    ) -> Self
    where
        P: Projection<View = V::View>,
        V: RebuildableViews,
        F: Future<Output = Result<V, E>> + Send + 'static,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        let upstreams = upstreams.into_iter().map(Into::into).collect();
        self.program.consumers.push(Box::new(ProjectionConsumer::new(projection, upstreams, views)));
        self
    }

    /// Runs the command with the arguments of the process, and returns its exit code.
    pub fn run(self) -> ExitCode {
        self.run_with(std::env::args_os())
    }

    /// Runs the command with these arguments, the first of which is the name of the program, and returns its exit code.
    ///
    /// The environment variables are those of the process, and so are its standard input, output and error.
    pub fn run_with<T: Into<OsString> + Clone>(self, arguments: impl IntoIterator<Item = T>) -> ExitCode {
        execute::execute(&self.program, arguments)
    }
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.program.applications.iter().map(|application| application.name).collect();
        f.debug_struct("Admin").field("applications", &names).finish_non_exhaustive()
    }
}
