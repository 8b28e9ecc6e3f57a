//! Messages about `#[personal]`.

pub(crate) const PLACE: &str =
    "`#[personal]` belongs on a parameter of an `#[event]` method or on a field of an `#[aggregate]` struct";

pub(crate) const ON_SELF: &str = "`#[personal]` describes a value that an event records, and the aggregate is none; \
     write it on the parameters, and on the fields of the struct";

pub(crate) const ON_A_PLAIN_METHOD: &str = "the arguments of a plain method are not recorded, so none of them is a personal value of an event; \
     write `#[event]` on the method, or remove `#[personal]`";

pub(crate) const ON_A_METHOD: &str =
    "`#[personal]` describes one value; write it on each parameter of the `#[event]` method that is personal";

pub(crate) const TAKES_NOTHING: &str = "`#[personal]` takes no arguments: the whole value is personal";

pub(crate) const FLATTENED: &str = "the keys of a flattened value are beside those of the others, so none of them can be named here; \
     remove `flatten`, or `#[personal]`";
