//! The creation of an aggregate: its own creation events, or a generated one.

use proc_macro2::Ident;
use quote::ToTokens as _;
use syn::ext::IdentExt as _;
use syn::{ImplItem, ImplItemFn, LitStr, Path, parse_quote_spanned};

use super::event::returned_by_creation;
use crate::errors::Errors;
use crate::messages;
use crate::model::attributes::MethodAttributes;
use crate::model::parsed::{Event, EventOptions, Member, Method, MisplacedPersonal, Named};
use crate::syntax::names::{camel_case, generated_at};
use crate::syntax::tokens::makes;

/// The name of the generated creation.
const CREATE: &str = "create";
/// The name of its event.
const CREATED: &str = "Created";

/// Returns whether the block has a creation event, valid or not. A block without one gets a creation with default values.
///
/// Nothing is generated if the block has a function that seems to be meant as a creation, or a name that the generated code needs.
pub(super) fn creation(members: &mut Vec<Member>, aggregate: &Ident, krate: &Path, errors: &mut Errors) -> bool {
    if members.iter().any(is_creation) {
        return true;
    }
    let mut own = Errors::default();
    for method in members.iter().filter_map(method) {
        let name = &method.item.sig.ident;
        if name.unraw() == CREATE {
            own.at(name, messages::aggregate::create_taken(aggregate));
        } else if is_creation_without_event(&method.item, aggregate) {
            own.at(name, messages::aggregate::no_creation(aggregate, name));
        } else if method.event.as_ref().is_some_and(|event| is_called_created(event, &method.item)) {
            own.at(name, messages::aggregate::created_taken(aggregate, name));
        }
    }
    let is_generated = own.is_empty();
    errors.append(own);
    if is_generated {
        members.insert(0, generated(aggregate, krate));
    }
    is_generated
}

fn is_creation(member: &Member) -> bool {
    match member {
        Member::Method(method) => {
            let is_split = |event: &Event| event.options.split.is_some();
            method.event.as_ref().is_some_and(|event| !is_split(event)) && method.item.sig.receiver().is_none()
        }
        // a method without a body, which is another error
        Member::Other(other) => matches!(other.item, ImplItem::Verbatim(_)),
    }
}

fn method(member: &Member) -> Option<&Method> {
    match member {
        Member::Method(method) => Some(method),
        Member::Other(_) => None,
    }
}

/// Whether a plain function returns a new aggregate that it makes itself, so that no event creates it.
fn is_creation_without_event(method: &ImplItemFn, aggregate: &Ident) -> bool {
    method.sig.receiver().is_none()
        && returned_by_creation(&method.sig.output, aggregate).is_some()
        && makes(method.block.to_token_stream(), aggregate)
}

fn is_called_created(event: &Event, method: &ImplItemFn) -> bool {
    match &event.options.named {
        Named::Text(text) => text.value() == CREATED,
        Named::Type(path) => path.segments.last().is_some_and(|last| last.ident == CREATED),
        Named::Method => camel_case(&method.sig.ident.unraw().to_string()) == CREATED,
    }
}

/// `#[event("Created")] pub fn create() -> Self`. It is as visible as its aggregate is.
fn generated(aggregate: &Ident, krate: &Path) -> Member {
    let place = generated_at(aggregate.span());
    let doc = format!(" Creates an aggregate `{}` whose fields have their default values.", aggregate.unraw());
    let item: ImplItemFn = parse_quote_spanned! {place=>
        #[doc = #doc]
        pub fn create() -> Self {
            <Self as #krate::__private::DefaultFields>::default_fields()
        }
    };
    let options =
        EventOptions { named: Named::Text(LitStr::new(CREATED, aggregate.span())), ..EventOptions::default() };
    let attributes = MethodAttributes { docs: item.attrs.clone(), ..MethodAttributes::default() };
    let event = Event { options, repeated: Vec::new(), attributes, parameters: Vec::new() };
    let misplaced_personal = MisplacedPersonal::default();
    Member::Method(Box::new(Method { item, unrecorded: Vec::new(), misplaced_personal, event: Some(event) }))
}
