//! The impl block under `#[aggregate]`.

use proc_macro2::{Ident, TokenStream};
use syn::{Attribute, FnArg, ImplItem, ImplItemFn, ItemImpl, Path, Type};

use super::event::event;
use super::options::impl_options;
use super::ours::{is_event_attribute, take};
use super::stored::peel;
use crate::errors::Errors;
use crate::model::{Aggregate, Member};
use crate::{check, messages, names};

/// Reads the block, as far as it can be read: what has an error becomes a plain method.
///
/// None if the block is not one that an aggregate can have; then nothing can be made of it.
pub(crate) fn impl_block(
    arguments: TokenStream,
    mut shell: ItemImpl,
    errors: &mut Errors,
) -> Result<Aggregate, Box<ItemImpl>> {
    let options = impl_options(arguments, errors);
    let krate = options.krate.unwrap_or_else(names::default_crate);
    let Some(name) = check::impl_block(&shell, errors) else {
        shell.items.iter_mut().for_each(|item| strip(item, &krate));
        return Err(Box::new(shell));
    };
    let topic_name = check::topic_name(options.name.as_ref(), &name, errors);
    // the compiler refuses it itself, once, before it comes here
    shell.unsafety = None;
    check::has_a_creation(&shell, &name, &krate, errors);
    check::accessors(&shell, errors);
    let mut reader = Reader { name: &name, topic_name: &topic_name, krate: &krate, unrecorded: Vec::new() };
    let members = std::mem::take(&mut shell.items).into_iter().map(|item| reader.member(item, errors)).collect();
    let unrecorded = reader.unrecorded;
    let mut aggregate = Aggregate { krate, name, topic_name, derives: options.derives, shell, members, unrecorded };
    check::aggregate(&mut aggregate, errors);
    Ok(aggregate)
}

/// The name of a type that is nothing but a name.
pub(crate) fn plain_name(ty: &Type) -> Option<&Ident> {
    match peel(ty) {
        Type::Path(path) if path.qself.is_none() => path.path.get_ident(),
        _ => None,
    }
}

/// Reads the items of the block.
struct Reader<'a> {
    name: &'a Ident,
    topic_name: &'a str,
    krate: &'a Path,
    /// The plain methods that may change what no event records.
    unrecorded: Vec<Ident>,
}

impl Reader<'_> {
    fn member(&mut self, mut item: ImplItem, errors: &mut Errors) -> Member {
        let Self { name, topic_name, krate, .. } = *self;
        let ImplItem::Fn(method) = &mut item else {
            check::misplaced_event(&mut item, krate, errors);
            return Member::Plain(Box::new(item));
        };
        let is_marked = take(&mut method.attrs, "unrecorded", krate, messages::UNRECORDED_TAKES_NOTHING, errors);
        let is_event = method.attrs.iter().any(|attribute| is_event_attribute(attribute, krate));
        if is_marked && is_event {
            errors.at(&method.sig.ident, messages::UNRECORDED_EVENT);
        }
        if is_event && let Some(event) = errors.take(event(method.clone(), name, topic_name, krate)) {
            return Member::Event(Box::new(event));
        }
        // of an event that has an error it is known that it was meant to be recorded
        if is_marked || is_event {
            self.unrecorded.push(method.sig.ident.clone());
        }
        if is_event {
            strip(&mut item, krate);
        }
        Member::Plain(Box::new(item))
    }
}

/// Takes off what only this macro understands, so that the compiler can go on with the rest.
fn strip(item: &mut ImplItem, krate: &Path) {
    let is_event = |attribute: &Attribute| is_event_attribute(attribute, krate);
    if let ImplItem::Fn(ImplItemFn { attrs, sig, .. }) = item
        && attrs.iter().any(is_event)
    {
        attrs.retain(|attribute| !is_event(attribute));
        for input in &mut sig.inputs {
            if let FnArg::Typed(parameter) = input {
                parameter.attrs.retain(super::parameter::is_lint);
            }
        }
    }
}

/// An event that turned out to be at odds with the others becomes a plain method again.
pub(crate) fn demote(event: crate::model::Event) -> Member {
    let crate::model::Event { attributes, visibility, signature, block, .. } = event;
    let mut attrs = attributes.docs;
    attrs.extend([attributes.cfgs, attributes.shared, attributes.others].into_iter().flatten());
    let method = ImplItemFn { attrs, vis: visibility, modifiers: syn::FnModifiers::default(), sig: signature, block };
    Member::Plain(Box::new(ImplItem::Fn(method)))
}
