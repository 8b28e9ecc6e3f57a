//! Messages about `#[tables]`.

pub(crate) const PLACE: &str = "`#[tables]` belongs on a method in a `#[projection(\"…\")]` impl block; \
     add `crate = path` to that attribute if the library is not available as `eventsourcing`";

pub(crate) const TAKES_NOTHING: &str = "`#[tables]` takes no arguments: the method creates the tables";

pub(crate) const TWICE: &str = "another method already has `#[tables]`; create all tables in one method";

pub(crate) const SIGNATURE: &str = "the signature of a `#[tables]` method is `async fn tables(&self, prefix: &str, view: &mut PgConnection) -> sqlx::Result<()>`, \
     with the view of the handlers and any error type";

pub(crate) const HANDLER_TAKES_CONTEXT: &str = "with `#[tables]`, each handler must look up the names of the tables, which differ during a rebuild; \
     take `context: &EventContext` before the view, and write to `context.table(\"…\")`";
