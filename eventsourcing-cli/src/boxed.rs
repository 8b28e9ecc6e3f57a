//! A future of any type.

use std::pin::Pin;

/// A future that is boxed, so that traits without types can return it.
pub(crate) type Boxed<'f, T> = Pin<Box<dyn Future<Output = T> + Send + 'f>>;
