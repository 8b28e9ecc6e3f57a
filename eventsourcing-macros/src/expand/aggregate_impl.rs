//! The code that `#[aggregate]` generates for an impl block.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};
use syn::ImplItem;

use super::{body, command, event_enum, event_struct, literals, snapshots, stand_in, trait_impl};
use crate::model::checked::{Aggregate, AggregateImpl, Member};

/// The user's block with the commands, and the items next to it.
pub(crate) fn aggregate_impl(block: AggregateImpl) -> TokenStream {
    match block {
        AggregateImpl::Aggregate(aggregate) => expanded(*aggregate),
        AggregateImpl::WithoutCreation(aggregate) => without_creation(*aggregate),
        AggregateImpl::Refused(block) => block.into_token_stream(),
    }
}

fn expanded(mut aggregate: Aggregate) -> TokenStream {
    // of the code as it is written
    let snapshots = snapshots::constant(&aggregate);
    literals::complete(&mut aggregate);
    let structs = aggregate.events().map(|event| event_struct::event_struct(event, &aggregate));
    let event_enum = event_enum::event_enum(&aggregate);
    let aggregate_event = event_enum::aggregate_event(&aggregate);
    let trait_impl = trait_impl::trait_impl(&aggregate, snapshots.as_ref());
    let mut user = aggregate.shell.clone();
    user.items = aggregate.members.iter().map(|member| with_command(member, &aggregate)).collect();
    quote! {
        #(#structs)*
        #event_enum
        #aggregate_event
        #user
        #trait_impl
    }
}

/// The user's block with the events as plain methods, and their structs. It has nothing that another block of the aggregate has too,
/// except the impl that the struct needs.
fn without_creation(mut aggregate: Aggregate) -> TokenStream {
    literals::complete(&mut aggregate);
    let structs = aggregate.events().map(|event| event_struct::event_struct(event, &aggregate));
    let trait_impl = stand_in::aggregate_impl(&aggregate.krate, &aggregate.name, &aggregate.topic_name);
    let mut user = aggregate.shell.clone();
    user.items = aggregate.members.iter().map(plain).collect();
    quote!(#(#structs)* #user #trait_impl)
}

fn plain(member: &Member) -> ImplItem {
    match member {
        Member::Plain(item) => (**item).clone(),
        Member::Event(event) => ImplItem::Verbatim(body::original(event)),
    }
}

/// The user's item, or the command and the body of an event method.
fn with_command(member: &Member, aggregate: &Aggregate) -> ImplItem {
    match member {
        Member::Plain(item) => (**item).clone(),
        Member::Event(event) => {
            let command = command::command(event, aggregate);
            let body = body::body(event, aggregate.log.is_some());
            ImplItem::Verbatim(quote!(#command #body))
        }
    }
}
