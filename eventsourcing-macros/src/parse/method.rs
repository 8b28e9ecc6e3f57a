//! The methods of an aggregate: their attributes, and the parameters of events.

use syn::{Attribute, FnArg, ImplItemFn, PatType, Path};

use super::options;
use crate::model::attributes::MethodAttributes;
use crate::model::parsed;
use crate::syntax::attributes::{is_lint, take};

pub(super) fn method(mut item: ImplItemFn, krate: &Path) -> parsed::Method {
    let unrecorded = take(&mut item.attrs, "unrecorded", krate);
    let mut events = take(&mut item.attrs, "event", krate).into_iter();
    let on_method = take(&mut item.attrs, "personal", krate);
    let on_self = item.sig.inputs.iter_mut().flat_map(|input| match input {
        FnArg::Receiver(receiver) => take(&mut receiver.attrs, "personal", krate),
        FnArg::Typed(_) => Vec::new(),
    });
    let on_self = on_self.collect();
    let event = events.next().map(|first| event(&first, events.collect(), &mut item, krate));
    // those of an event are taken
    let on_plain_parameters = typed(&mut item).flat_map(|parameter| take(&mut parameter.attrs, "personal", krate));
    let on_plain_parameters = on_plain_parameters.collect();
    let misplaced_personal = parsed::MisplacedPersonal { on_method, on_self, on_plain_parameters };
    parsed::Method { item, unrecorded, misplaced_personal, event }
}

/// Parses the event, and removes the attributes of the parameters except lint levels.
fn event(attribute: &Attribute, repeated: Vec<Attribute>, method: &mut ImplItemFn, krate: &Path) -> parsed::Event {
    let parameters = typed(method).map(|it| parameter(it, krate)).collect();
    parsed::Event { options: options::of_event(attribute), repeated, attributes: sorted(&method.attrs), parameters }
}

/// The parameters after the receiver.
fn typed(method: &mut ImplItemFn) -> impl Iterator<Item = &mut PatType> {
    method.sig.inputs.iter_mut().filter_map(|input| match input {
        FnArg::Typed(parameter) => Some(parameter),
        FnArg::Receiver(_) => None,
    })
}

/// Sorts the attributes of a method by their destination.
fn sorted(all: &[Attribute]) -> MethodAttributes {
    let mut sorted = MethodAttributes::default();
    for attribute in all {
        let path = attribute.path();
        let kind = if path.is_ident("doc") {
            &mut sorted.docs
        } else if path.is_ident("cfg") {
            &mut sorted.cfgs
        } else if is_lint(attribute) || path.is_ident("inline") {
            &mut sorted.shared
        } else {
            &mut sorted.others
        };
        kind.push(attribute.clone());
    }
    sorted
}

fn parameter(parameter: &mut PatType, krate: &Path) -> parsed::Parameter {
    let personal = take(&mut parameter.attrs, "personal", krate);
    let [mut docs, mut serde, mut lints, mut others] = <[Vec<Attribute>; 4]>::default();
    for attribute in std::mem::take(&mut parameter.attrs) {
        let path = attribute.path();
        let kind = if path.is_ident("doc") {
            &mut docs
        } else if path.is_ident("serde") {
            &mut serde
        } else if is_lint(&attribute) {
            &mut lints
        } else {
            &mut others
        };
        kind.push(attribute);
    }
    parameter.attrs.clone_from(&lints);
    let (pattern, ty) = ((*parameter.pat).clone(), (*parameter.ty).clone());
    parsed::Parameter { pattern, ty, docs, serde, personal, lints, others }
}
