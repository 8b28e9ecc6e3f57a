//! Messages about the signatures of `#[event]` methods.

use proc_macro2::Ident;
use quote::ToTokens as _;
use syn::Type;

pub(crate) const ASYNC: &str = "an `#[event]` method cannot be `async`: its body runs again at every replay; \
     await in a plain method, then call this one with the result";

pub(crate) const CONST: &str = "an `#[event]` method cannot be `const`: it records an event; remove `const`";

pub(crate) const UNSAFE: &str = "an `#[event]` method cannot be `unsafe`: its body runs again at every replay, \
     where no caller can uphold a safety contract; check the conditions in a plain method, then call this one";

pub(crate) const EXTERN: &str =
    "an `#[event]` method cannot be `extern`; remove `extern`, and call the method from an `extern` function if needed";

pub(crate) const GENERIC: &str =
    "an `#[event]` method cannot be generic: an event is recorded as one type; use concrete types, or `impl Into<T>`";

pub(crate) const WHERE_CLAUSE: &str =
    "an `#[event]` method is not generic and cannot have a `where` clause; remove the clause";

pub(crate) const RECEIVER_SHARED: &str =
    "an `#[event]` method changes the aggregate; write `&mut self`, or remove `#[event]` if nothing changes";

pub(crate) const RECEIVER_BY_VALUE: &str =
    "an `#[event]` method cannot consume the aggregate: its events are not saved yet; write `&mut self`";

pub(crate) const RECEIVER_TYPED: &str =
    "an `#[event]` method cannot spell out the type of its receiver; write `&mut self`";

pub(crate) const RECEIVER_LIFETIME: &str =
    "an `#[event]` method cannot name the lifetime of its receiver, which ends with the call; write `&mut self`";

pub(crate) fn creation_returns(function: &Ident) -> String {
    format!(
        "`{function}` has no `self` parameter, so it is a creation and must return `Self` or `Result<Self, …>`; \
         for a change, take `&mut self`"
    )
}

pub(crate) fn creation_returns_an_alias(function: &Ident, ty: &Type) -> String {
    let ty = ty.to_token_stream().to_string().replace(' ', "").replace(',', ", ");
    format!(
        "`{function}` has no `self` parameter, so it is a creation and must return `Self` or `Result<Self, …>`; \
         if `{ty}` is an alias of `Result`, write `Result<Self, …>`"
    )
}

pub(crate) const RETURNS_A_BORROW: &str = "an `#[event]` method cannot return a borrow: the event is recorded after its body has run; \
     return an owned value, or read the value afterwards with a plain method";

pub(crate) const RETURNS_THE_AGGREGATE: &str = "a change cannot return the aggregate: a copy that the body makes does not have the event yet, so saving the copy records nothing; \
     remove it from the return type, and use the aggregate that the method is called on";

pub(crate) const RETURNS_IMPL_TRAIT: &str = "an `#[event]` method cannot return an `impl` type; \
     return a `Vec` or another concrete type, or read the value afterwards with a plain method";
