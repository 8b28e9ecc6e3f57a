//! Messages about `#[policy]`.

pub(crate) const PLACE: &str = "`#[policy]` belongs on the impl block of an application that holds its `#[on]` methods: `#[policy] impl Reservations { … }`";

pub(crate) const TRAIT_IMPL: &str =
    "`#[policy]` belongs on the application's inherent impl block; move the `#[on]` methods there";

pub(crate) const TAKES_A_UNIT_OF_WORK: &str = "a policy handler loads and saves aggregates through a unit of work, which records them together with the position in the upstream log: `work: &mut UnitOfWork`";

pub(crate) fn saved(called: &str) -> String {
    let cure = match called {
        "retry" => "`get` the aggregate from the unit of work, and `save` it there",
        _ => "`save` through the unit of work",
    };
    format!(
        "`self.{called}` in a policy handler records immediately, and again each time the handler is retried after a conflict or a failure; {cure}"
    )
}

pub(crate) const HAS_NO_TABLES: &str = "a policy has no tables: it saves aggregates through its `UnitOfWork`";
