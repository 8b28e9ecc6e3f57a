//! The constant that says how snapshots of the aggregate are written and read.

use std::collections::HashSet;

use proc_macro2::{Ident, Literal, Span, TokenStream, TokenTree};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::{ImplItem, LitInt};

use crate::model::checked::{Aggregate, Event, Member, Snapshots, Was};
use crate::syntax::token_hash::TokenHash;
use crate::syntax::tokens::walk;
use crate::syntax::{names, paths};

/// The constant, if the aggregate has snapshots.
pub(super) fn constant(aggregate: &Aggregate) -> Option<TokenStream> {
    let Snapshots { every, version, place } = aggregate.snapshots.as_ref()?;
    let (krate, place) = (&aggregate.krate, names::generated_at(*place));
    let source = in_groups(source(aggregate));
    let every = every.map(Literal::u64_unsuffixed).map(|every| quote!(.every(#every)));
    let version = version.filter(|version| *version > 1).map(Literal::u32_unsuffixed);
    let version = version.map(|version| quote!(.version(#version)));
    // the compiler reports here what the type lacks
    let (here, krate) = (paths::placed(krate, place), krate);
    let format = quote_spanned!(place=> #here::domain::SnapshotFormat::serde());
    Some(quote! {
        const SNAPSHOTS: ::std::option::Option<#krate::domain::SnapshotFormat<Self>> = {
            #[allow(unused_imports)]
            use #krate::__private::NotShown as _;
            ::std::option::Option::Some(
                #format.looks(#krate::__private::Shown::<Self>::LOOK).source(#source)#every #version,
            )
        };
    })
}

/// A number in hexadecimal digits, as a person would write it.
fn in_groups(number: u64) -> LitInt {
    let [a, b, c, d] = [48, 32, 16, 0].map(|shift| number >> shift & 0xffff);
    LitInt::new(&format!("0x{a:04x}_{b:04x}_{c:04x}_{d:04x}"), Span::call_site())
}

/// The hash of the code that decides which state results from recorded events, as far as it is in this block: the event methods, the
/// events that are read and skipped, and the plain methods and constants that event methods name, directly or through others.
fn source(aggregate: &Aggregate) -> u64 {
    let mut hash = TokenHash::new();
    let mut named = HashSet::new();
    for topic in &aggregate.retired {
        hash.text(topic);
    }
    for event in aggregate.events() {
        add_event(event, &mut hash);
        add_names(event.block.to_token_stream(), &mut named);
    }
    let mut rest: Vec<(&Ident, TokenStream)> = aggregate.members.iter().filter_map(plain).collect();
    // an item that is named may name others, so each round may find more
    loop {
        let (found, others): (Vec<_>, Vec<_>) =
            rest.into_iter().partition(|(name, _)| named.contains(&name.to_string()));
        if found.is_empty() {
            return hash.value();
        }
        for (_, tokens) in found {
            add_names(tokens.clone(), &mut named);
            hash.tokens(tokens);
        }
        rest = others;
    }
}

fn add_event(event: &Event, hash: &mut TokenHash) {
    let evolution = &event.evolution;
    hash.text(&event.topic.text);
    hash.text(&evolution.version.to_string());
    for step in &evolution.steps {
        hash.tokens(step.to_token_stream());
    }
    for Was { topic, steps, .. } in &evolution.was {
        hash.text(topic);
        for step in steps.iter().flatten() {
            hash.tokens(step.to_token_stream());
        }
    }
    hash.tokens(event.signature.to_token_stream());
    hash.tokens(event.block.to_token_stream());
}

/// A plain method or constant with its name.
fn plain(member: &Member) -> Option<(&Ident, TokenStream)> {
    let Member::Plain(item) = member else { return None };
    let name = match &**item {
        ImplItem::Fn(method) => &method.sig.ident,
        ImplItem::Const(constant) => &constant.ident,
        _ => return None,
    };
    Some((name, item.to_token_stream()))
}

/// Adds all words of some code.
fn add_names(tokens: TokenStream, named: &mut HashSet<String>) {
    walk(tokens, &mut |tokens, index| {
        if let TokenTree::Ident(name) = &tokens[index] {
            named.insert(name.to_string());
        }
    });
}
