//! Completes struct literals and patterns of the aggregate with the added field.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, quote};
use syn::parse::{ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, ExprStruct, Item, Macro, Member, Pat, PatRest, PatStruct, Path, Token, parse_quote_spanned};

use crate::model::checked::{self, Aggregate};
use crate::syntax::names::{self, ROOT_FIELD};
use crate::syntax::std_macros;

/// Completes `Self { … }` and `World { … }` in the whole impl block.
pub(super) fn complete(aggregate: &mut Aggregate) {
    let mut literals = Literals::new(&aggregate.name, &aggregate.krate);
    for member in &mut aggregate.members {
        match member {
            checked::Member::Event(event) => literals.visit_block_mut(&mut event.block),
            checked::Member::Plain(item) => literals.visit_impl_item_mut(item),
        }
    }
}

struct Literals<'a> {
    name: &'a Ident,
    krate: &'a Path,
    /// Whether the visitor is inside a nested item, where `Self` is another type.
    in_item: bool,
    /// Whether anything was completed.
    completed: bool,
}

impl<'a> Literals<'a> {
    fn new(name: &'a Ident, krate: &'a Path) -> Self {
        Self { name, krate, in_item: false, completed: false }
    }

    fn is_aggregate(&self, path: &Path) -> bool {
        path.is_ident(self.name) || self.is_aggregate_of_this_module(path) || (!self.in_item && path.is_ident("Self"))
    }

    /// `self::World`.
    fn is_aggregate_of_this_module(&self, path: &Path) -> bool {
        let mut names = path.segments.iter().map(|segment| &segment.ident);
        path.leading_colon.is_none()
            && names.next().is_some_and(|first| first == "self")
            && names.next() == Some(self.name)
            && names.next().is_none()
    }

    /// Parses the arguments of a macro, and replaces them if a literal or pattern in them was completed.
    fn inside<T>(
        &mut self,
        tokens: &mut TokenStream,
        read: fn(ParseStream<'_>) -> syn::Result<T>,
        visit: fn(&mut Self, &mut T) -> TokenStream,
    ) -> bool {
        let Ok(mut arguments) = read.parse2(tokens.clone()) else { return false };
        let outside = std::mem::take(&mut self.completed);
        let changed = visit(self, &mut arguments);
        if self.completed {
            *tokens = changed;
        }
        self.completed |= outside;
        true
    }
}

impl VisitMut for Literals<'_> {
    fn visit_expr_struct_mut(&mut self, literal: &mut ExprStruct) {
        visit_mut::visit_expr_struct_mut(self, literal);
        let has_root = literal.fields.iter().any(|field| is_root(&field.member));
        if literal.qself.is_none() && literal.dot2_token.is_none() && !has_root && self.is_aggregate(&literal.path) {
            let (root, krate) = (names::root_field(), self.krate);
            let place = Span::call_site().located_at(literal.path.span());
            literal.fields.push(parse_quote_spanned!(place=> #root: #krate::Root::default()));
            self.completed = true;
        }
    }

    fn visit_pat_struct_mut(&mut self, pattern: &mut PatStruct) {
        visit_mut::visit_pat_struct_mut(self, pattern);
        let has_root = pattern.fields.iter().any(|field| is_root(&field.member));
        if pattern.qself.is_none() && pattern.rest.is_none() && !has_root && self.is_aggregate(&pattern.path) {
            let dot2_token = Token![..](Span::call_site().located_at(pattern.path.span()));
            pattern.rest = Some(PatRest { attrs: Vec::new(), dot2_token });
            self.completed = true;
        }
    }

    fn visit_item_mut(&mut self, item: &mut Item) {
        let outside = std::mem::replace(&mut self.in_item, true);
        visit_mut::visit_item_mut(self, item);
        self.in_item = outside;
    }

    fn visit_macro_mut(&mut self, call: &mut Macro) {
        if std_macros::is_matches(call) {
            self.inside(&mut call.tokens, match_arguments, |literals, (value, comma, pattern, rest)| {
                literals.visit_expr_mut(value);
                literals.visit_pat_mut(pattern);
                quote!(#value #comma #pattern #rest)
            });
            return;
        }
        if !std_macros::takes_expressions(call) {
            return;
        }
        let tokens = &mut call.tokens;
        let _ = self.inside(tokens, Punctuated::<Expr, Token![,]>::parse_terminated, |literals, arguments| {
            arguments.iter_mut().for_each(|argument| literals.visit_expr_mut(argument));
            arguments.to_token_stream()
        }) || self.inside(tokens, repetition, |literals, (value, semicolon, count)| {
            literals.visit_expr_mut(value);
            quote!(#value #semicolon #count)
        });
    }
}

/// The arguments of `matches!`: `value, pattern if guard`.
fn match_arguments(input: ParseStream<'_>) -> syn::Result<(Expr, Token![,], Pat, TokenStream)> {
    Ok((input.parse()?, input.parse()?, input.call(Pat::parse_multi_with_leading_vert)?, input.parse()?))
}

/// The arguments of `vec!`: `value; count`.
fn repetition(input: ParseStream<'_>) -> syn::Result<(Expr, Token![;], Expr)> {
    Ok((input.parse()?, input.parse()?, input.parse()?))
}

fn is_root(member: &Member) -> bool {
    matches!(member, Member::Named(name) if name == ROOT_FIELD)
}
