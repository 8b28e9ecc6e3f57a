//! The struct under `#[application]`.

use proc_macro2::TokenStream;
use syn::ItemStruct;
use syn::ext::IdentExt as _;

use super::options::application_options;
use crate::errors::Errors;
use crate::model::Application;
use crate::{check, names};

/// Reads the struct; what it should not have is reported and left out.
pub(crate) fn application(arguments: TokenStream, item: ItemStruct, errors: &mut Errors) -> Application {
    let options = application_options(arguments, errors);
    check::application(&item, options.name.as_ref(), errors);
    Application {
        krate: options.krate.unwrap_or_else(names::default_crate),
        name: options.name.map_or_else(|| item.ident.unraw().to_string(), |name| name.value()),
        aggregates: options.aggregates,
        attributes: item.attrs,
        visibility: item.vis,
        ident: item.ident,
    }
}
