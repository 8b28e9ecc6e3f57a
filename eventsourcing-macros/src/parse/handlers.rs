//! The impl block under `#[projection]` or `#[policy]`.

use proc_macro2::TokenStream;
use syn::parse::{ParseStream, Parser as _};
use syn::{ImplItem, ItemImpl, LitStr, Path, Result, Token};

use super::options;
use crate::messages;
use crate::model::parsed;
use crate::syntax::attributes::take;

/// Parses the block of a projection.
pub(crate) fn projection(arguments: TokenStream, item: ItemImpl) -> parsed::Projection {
    let (name, rest) = match name_and_rest.parse2(arguments) {
        Ok((name, rest)) => (Ok(name), rest),
        Err(error) => (Err(error), TokenStream::new()),
    };
    let options = options::of_projection(rest);
    let block = handler_block(item, &options.krate);
    parsed::Projection { name, options, block }
}

/// Parses the block of a policy.
pub(crate) fn policy(arguments: TokenStream, item: ItemImpl) -> parsed::Policy {
    let options = options::of_policy(arguments);
    let block = handler_block(item, &options.krate);
    parsed::Policy { options, block }
}

fn handler_block(mut item: ItemImpl, krate: &Path) -> parsed::HandlerBlock {
    let mut methods = Vec::new();
    for item in &mut item.items {
        let ImplItem::Fn(method) = item else { continue };
        let on = take(&mut method.attrs, "on", krate);
        let tables = take(&mut method.attrs, "tables", krate);
        if !on.is_empty() || !tables.is_empty() {
            methods.push(parsed::MarkedMethod { on, tables, method: method.clone() });
        }
    }
    parsed::HandlerBlock { item, methods }
}

/// Splits `"names", version = 2` into the name and the options.
fn name_and_rest(input: ParseStream<'_>) -> Result<(LitStr, TokenStream)> {
    let name = input.parse().map_err(|error| syn::Error::new(error.span(), messages::projection::NO_NAME))?;
    if !input.is_empty() {
        input.parse::<Token![,]>()?;
    }
    Ok((name, input.parse()?))
}
