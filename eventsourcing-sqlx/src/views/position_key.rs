//! Whose position, and whose dead letters.

use super::statement::Value;

/// The key of a position and of dead letters: a projection, with its version, and an upstream.
#[derive(Clone, Debug)]
pub(crate) struct PositionKey {
    pub(crate) projection: String,
    pub(crate) upstream: String,
}

impl PositionKey {
    pub(crate) fn new(projection: &str, upstream: &str) -> Self {
        Self { projection: projection.to_owned(), upstream: upstream.to_owned() }
    }

    /// The two values with which statements begin.
    pub(crate) fn values(&self) -> [Value<'_>; 2] {
        [(&self.projection).into(), (&self.upstream).into()]
    }

    /// The same, and two more.
    pub(crate) fn values_with<'v>(&'v self, first: Value<'v>, second: Value<'v>) -> [Value<'v>; 4] {
        let [projection, upstream] = self.values();
        [projection, upstream, first, second]
    }
}
