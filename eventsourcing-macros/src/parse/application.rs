//! The struct under `#[application]`.

use proc_macro2::TokenStream;
use syn::ItemStruct;

use super::options;
use crate::model::parsed;

/// Parses the struct.
pub(crate) fn application(arguments: TokenStream, item: ItemStruct) -> parsed::Application {
    parsed::Application { options: options::of_application(arguments), item }
}
