//! Upcasting: the steps that convert an older shape of an event to the newest one.
//!
//! A macro sees the name of a step, not its types. The compiler knows them, so it chooses here what happens between two steps. Method
//! lookup prefers an inherent method to one of a trait, and a method of a value to one of a reference. So each pair of types finds
//! the first of these that fits: the same type, to JSON or from JSON, an error that names both types.

use std::any::type_name;
use std::fmt::Display;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::json_error::JsonError;
use super::{StateError, StateReader};

/// Runs a step.
pub(super) fn run<T, U, F: FnOnce(T) -> U>(version: u64, step: F, old: T) -> Result<U, StateError> {
    // the message of a panic may contain values, and the panic hook has shown it
    catch_unwind(AssertUnwindSafe(|| step(old))).map_err(|_| failed::<F>(version, &"it panicked"))
}

/// Runs a step that can fail.
pub(super) fn try_run<T, U, E, F>(version: u64, step: F, old: T) -> Result<U, StateError>
where
    F: FnOnce(T) -> Result<U, E>,
    E: Display,
{
    match catch_unwind(AssertUnwindSafe(|| step(old))) {
        Ok(Ok(new)) => Ok(new),
        Ok(Err(error)) => Err(failed::<F>(version, &error)),
        Err(_) => Err(failed::<F>(version, &"it panicked")),
    }
}

#[cold]
fn failed<F>(version: u64, reason: &dyn Display) -> StateError {
    StateError::Upcast { version, step: type_name::<F>(), reason: reason.to_string() }
}

/// Runs a step of generated code.
///
/// # Errors
/// [`StateError::Upcast`] if the step panics.
pub fn step<T, U, F: FnOnce(T) -> U>(state: &StateReader<'_>, step: F, old: T) -> Result<Stepped<U, F>, StateError> {
    let version = state.recorded_version();
    Ok(Stepped { returned: run(version, step, old)?, version, step: PhantomData })
}

/// What a step returned: the next shape, or a `Result` of it.
#[derive(Debug)]
pub struct Stepped<R, F> {
    returned: R,
    version: u64,
    step: PhantomData<fn(F)>,
}

impl<T, E, F> Stepped<Result<T, E>, F> {
    /// Returns the shape.
    ///
    /// # Errors
    /// [`StateError::Upcast`] with the error that the step returned.
    pub fn shape(self) -> Result<T, StateError>
    where
        E: Display,
    {
        self.returned.map_err(|error| failed::<F>(self.version, &error))
    }
}

/// The shape that a step returned which cannot fail.
pub trait PlainStep<T>: Sized {
    /// Returns the shape.
    ///
    /// # Errors
    /// None.
    fn shape(self) -> Result<T, StateError>;
}

impl<T, F> PlainStep<T> for Stepped<T, F> {
    fn shape(self) -> Result<T, StateError> {
        Ok(self.returned)
    }
}

/// A shape on its way to the next step.
#[derive(Debug)]
pub struct Between<T, U> {
    shape: T,
    taken: PhantomData<fn(U)>,
}

/// Returns a shape on its way to this step.
pub fn between<T, U, R>(shape: T, _: &impl Fn(U) -> R) -> Between<T, U> {
    Between { shape, taken: PhantomData }
}

/// The last shape on its way to the event.
#[derive(Debug)]
pub struct Newest<T, U> {
    shape: T,
    taken: PhantomData<fn(U)>,
}

/// Returns the last shape on its way to the event.
pub fn newest<T, U>(shape: T) -> Newest<T, U> {
    Newest { shape, taken: PhantomData }
}

/// A shape that is followed by JSON.
pub trait ToJson {
    /// Returns the shape as JSON.
    ///
    /// # Errors
    /// [`StateError::Json`] if the shape does not serialize.
    fn fit(self) -> Result<Value, StateError>;
}

/// JSON that is followed by a shape.
pub trait FromJson<U> {
    /// Returns the JSON as the next shape.
    ///
    /// # Errors
    /// [`StateError::Json`] if the JSON does not match it, and [`StateError::UnknownField`] if the event does not know a field.
    fn fit(self) -> Result<U, StateError>;
}

/// What is taken after a shape: the same type.
#[diagnostic::on_unimplemented(
    message = "the steps of this event do not fit: one returns `{Self}`, and the next one takes `{U}`",
    label = "takes `{U}`, but the step before it returns `{Self}`",
    note = "each step takes the shape that the step before it returns, from the oldest to the newest: \
            `fn(StartedV1) -> StartedV2`, then `fn(StartedV2) -> StartedV3`; \
            a step that takes or returns `serde_json::Value` fits any other"
)]
pub trait ShapeBefore<U> {}

/// What the last step returns: the event.
#[diagnostic::on_unimplemented(
    message = "the last step of this event returns `{Self}`, and the event is `{U}`",
    label = "returns `{Self}`, not `{U}`",
    note = "the last step returns the struct of the event, `{U}`, or a `serde_json::Value` of its fields"
)]
pub trait ShapeOfEvent<U> {}

macro_rules! passed_on {
    ($($place:ident $bound:ident $misfit:ident)*) => {$(
        impl<T> $place<T, T> {
            /// Returns the shape as it is.
            ///
            /// # Errors
            /// None.
            pub fn fit(self) -> Result<T, StateError> {
                Ok(self.shape)
            }
        }

        impl<T: Serialize> ToJson for $place<T, Value> {
            fn fit(self) -> Result<Value, StateError> {
                Ok(serde_json::to_value(self.shape)?)
            }
        }

        impl<U: DeserializeOwned> FromJson<U> for $place<Value, U> {
            fn fit(self) -> Result<U, StateError> {
                U::deserialize(&self.shape).map_err(|error| JsonError::of_reading::<U>(&error, &self.shape))
            }
        }

        impl<T> $bound<T> for T {}

        /// A shape that is followed by another one, which does not compile.
        pub trait $misfit<T, U>: Sized {
            /// Requires what two different shapes lack, so that the compiler names both.
            ///
            /// # Errors
            /// None, because it does not compile.
            fn fit(self) -> Result<U, StateError>
            where
                T: $bound<U>,
            {
                unreachable!("a shape that follows itself is passed on by the inherent method")
            }
        }

        impl<T, U> $misfit<T, U> for &$place<T, U> {}
    )*};
}

passed_on! {
    Between ShapeBefore MisfitBetween
    Newest ShapeOfEvent MisfitNewest
}
