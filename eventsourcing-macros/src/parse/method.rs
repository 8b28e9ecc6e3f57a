//! The methods of an aggregate: their attributes, and the parameters of events.

use syn::{Attribute, FnArg, ImplItemFn, PatType, Path};

use super::options;
use crate::model::attributes::MethodAttributes;
use crate::model::parsed;
use crate::syntax::attributes::{is_lint, take};

pub(super) fn method(mut item: ImplItemFn, krate: &Path) -> parsed::Method {
    let unrecorded = take(&mut item.attrs, "unrecorded", krate);
    let mut events = take(&mut item.attrs, "event", krate).into_iter();
    let event = events.next().map(|first| event(&first, events.collect(), &mut item));
    parsed::Method { item, unrecorded, event }
}

/// Parses the event, and removes the attributes of the parameters except lint levels.
fn event(attribute: &Attribute, repeated: Vec<Attribute>, method: &mut ImplItemFn) -> parsed::Event {
    let inputs = method.sig.inputs.iter_mut().filter_map(|input| match input {
        FnArg::Typed(parameter) => Some(parameter),
        FnArg::Receiver(_) => None,
    });
    let parameters = inputs.map(parameter).collect();
    parsed::Event { options: options::of_event(attribute), repeated, attributes: sorted(&method.attrs), parameters }
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

fn parameter(parameter: &mut PatType) -> parsed::Parameter {
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
    parsed::Parameter { pattern, ty, docs, serde, lints, others }
}
