//! From the model to the code that a person could have written.

mod aggregate_impl;
mod aggregate_struct;
mod application;
mod body;
mod command;
mod docs;
mod event_enum;
mod event_struct;
mod literals;
mod projection;

use proc_macro2::TokenStream;
use quote::quote;
use syn::ImplItem;

pub(crate) use aggregate_struct::{aggregate_struct, mark};
pub(crate) use application::application;
pub(crate) use projection::{policy, projection};

use crate::model::{Aggregate, Member};

/// Everything that `#[aggregate]` writes for an impl block.
pub(crate) fn impl_block(mut aggregate: Aggregate) -> TokenStream {
    literals::complete(&mut aggregate);
    let structs = aggregate.events().map(|event| event_struct::event_struct(event, &aggregate));
    let event_enum = event_enum::event_enum(&aggregate);
    let aggregate_event = event_enum::aggregate_event(&aggregate);
    let aggregate_impl = aggregate_impl::aggregate_impl(&aggregate);
    let mut user = aggregate.shell.clone();
    user.items = aggregate.members.iter().map(|member| with_command(member, &aggregate)).collect();
    quote! {
        #(#structs)*
        #event_enum
        #aggregate_event
        #user
        #aggregate_impl
    }
}

/// The user's item; for an event method, its command and its body.
fn with_command(member: &Member, aggregate: &Aggregate) -> ImplItem {
    match member {
        Member::Plain(item) => (**item).clone(),
        Member::Event(event) => {
            let command = command::command(event, aggregate);
            let body = body::body(event);
            ImplItem::Verbatim(quote!(#command #body))
        }
    }
}
