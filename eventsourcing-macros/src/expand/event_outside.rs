//! An event method outside of an `#[aggregate]` impl block: the error, and the method without its body, so that the compiler
//! reports nothing else.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{ImplItemFn, parse_quote};

use super::stand_in;
use crate::messages;
use crate::syntax::paths;
use crate::syntax::source::Block;

/// The method, with the error unless another method of its block reports it.
pub(crate) fn event_outside(mut method: ImplItemFn, block: Option<Block>) -> TokenStream {
    let message = match &block {
        Some(Block { name, has_other: true, .. }) => messages::event::in_a_second_block(name),
        Some(Block { name, has_struct, .. }) => messages::event::in_a_plain_block(name, *has_struct),
        None => messages::event::PLACE.to_owned(),
    };
    let is_reported_here = block.as_ref().is_none_or(|block| block.is_first);
    let error = is_reported_here.then(|| syn::Error::new(Span::call_site(), &message).to_compile_error());
    // the struct needs an impl, and so does what saves and loads the type
    let of_type = block.filter(|block| block.is_first && block.has_struct && !block.has_other);
    let stand_in = of_type.map(|Block { name, .. }| {
        let topic_name = name.to_string();
        stand_in::aggregate_impl(&paths::default_crate(), &name, &topic_name)
    });
    method.attrs.push(parse_quote!(#[allow(unused)]));
    // if the error were reported nowhere, this is refused when the method is compiled
    method.block = parse_quote!({
        #stand_in
        const { ::core::panic!(#message) }
    });
    quote!(#method #error)
}

#[cfg(test)]
mod tests {
    use quote::format_ident;

    use super::*;

    fn expanded(block: Option<Block>) -> String {
        let method = parse_quote! {
            pub fn rename(&mut self, name: &str) {
                self.name = name.to_owned();
            }
        };
        event_outside(method, block).to_string()
    }

    fn block(is_first: bool) -> Option<Block> {
        Some(Block { name: format_ident!("World"), is_first, has_struct: true, has_other: false })
    }

    #[test]
    fn the_first_method_of_a_block_reports_the_error_and_stands_in_for_the_impl() {
        let first = expanded(block(true));
        assert!(first.contains("compile_error") && first.contains("above `impl World`"), "{first}");
        assert!(first.contains("Aggregate for World"), "{first}");
    }

    #[test]
    fn a_later_method_reports_nothing_and_cannot_be_run() {
        let later = expanded(block(false));
        assert!(!later.contains("compile_error") && !later.contains("Aggregate for World"), "{later}");
        assert!(later.contains("const { :: core :: panic !"), "{later}");
        assert!(!later.contains("to_owned"), "{later}");
    }

    #[test]
    fn without_the_source_file_each_method_reports_the_error() {
        let alone = expanded(None);
        assert!(alone.contains("compile_error") && !alone.contains("Aggregate for"), "{alone}");
    }
}
