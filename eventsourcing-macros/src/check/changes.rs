//! What plain methods change without an event: it is there until the aggregate is read back, and then it is not.
//!
//! The check goes by syntax alone. It sees assignments, `&mut` and the mutating methods of the standard library's collections where they
//! are called on a field of `self`; it does not see through `let this = self` or what other functions do with a field.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Arm, BinOp, Block, Expr, ExprAssign, ExprBinary, ExprClosure, ExprForLoop, ExprLoop, ExprMethodCall, ExprReference,
    ExprWhile, ImplItem, ImplItemFn, Item, Macro, Member, Pat, ReceiverKind, ReturnType, Stmt, Token, Type, UnOp,
    Visibility,
};

use super::body::{call_of_self, is_called, walk};
use super::signature::returns_aggregate;
use crate::errors::Errors;
use crate::model::{self, Aggregate};
use crate::parse::stored::peel;
use crate::{messages, std_macros};

/// Methods that change what they are called on, whatever becomes of what they return.
const CHANGE: &[&str] = &[
    "as_mut",
    "as_mut_slice",
    "drain",
    "first_mut",
    "get_mut",
    "iter_mut",
    "last_mut",
    "push_str",
    "split_at_mut",
    "values_mut",
];

/// Methods that do so if nobody wants what they return. A persistent collection has some of these names, and returns the next one.
const CHANGE_IF_DROPPED: &[&str] = &[
    "append",
    "clear",
    "dedup",
    "dedup_by_key",
    "extend",
    "extend_from_slice",
    "fill",
    "insert",
    "insert_str",
    "pop",
    "pop_back",
    "pop_first",
    "pop_front",
    "pop_last",
    "push",
    "push_back",
    "push_front",
    "remove",
    "resize",
    "retain",
    "retain_mut",
    "reverse",
    "rotate_left",
    "rotate_right",
    "sort",
    "sort_by",
    "sort_by_key",
    "sort_unstable",
    "sort_unstable_by",
    "sort_unstable_by_key",
    "swap",
    "swap_remove",
    "truncate",
];

/// Methods through which something inside is changed that is no part of the aggregate's own state.
const INTERIOR: &[&str] = &["borrow_mut", "lock", "try_borrow_mut", "try_lock", "try_write", "write"];

/// A plain method of the aggregate.
struct Plain<'a> {
    method: &'a ImplItemFn,
    changes: Vec<Change>,
    /// Whether only events call it.
    is_of_events: bool,
}

/// A change of `self`, and where it is.
struct Change {
    what: String,
    place: TokenStream,
}

/// Plain methods change nothing, unless they are private and called by events, or marked as `#[unrecorded]`.
pub(super) fn recorded(aggregate: &Aggregate, errors: &mut Errors) {
    let methods = aggregate.members.iter().filter_map(|member| match member {
        model::Member::Plain(item) => match &**item {
            ImplItem::Fn(method) if !aggregate.unrecorded.contains(&method.sig.ident) => Some(method),
            _ => None,
        },
        model::Member::Event(_) => None,
    });
    let mut plain: Vec<Plain<'_>> = methods
        .map(|method| Plain { method, changes: changes(method, &aggregate.name), is_of_events: false })
        .collect();
    let mut called: Vec<String> = aggregate.events().flat_map(|event| calls(event.block.to_token_stream())).collect();
    while let Some(name) = called.pop() {
        for plain in plain.iter_mut().filter(|plain| !plain.is_of_events && plain.method.sig.ident == name) {
            plain.is_of_events = true;
            called.extend(calls(plain.method.block.to_token_stream()));
        }
    }
    let helpers = changing_helpers(&plain);
    for Plain { method, changes, is_of_events } in &plain {
        let is_private = matches!(method.vis, Visibility::Inherited);
        if *is_of_events && is_private {
            continue;
        }
        let name = &method.sig.ident;
        for Change { what, place } in changes {
            errors.at(place, messages::unrecorded_change(name, what, *is_of_events));
        }
        walk(method.block.to_token_stream(), &mut |tokens, index| {
            if let Some((helper, place)) = call_of_self(&tokens[index..])
                && helpers.contains(&helper)
            {
                errors.at(place, messages::unrecorded_change_by(name, &helper));
            }
        });
    }
}

/// The private methods that change `self` for events, by themselves or by another.
fn changing_helpers(plain: &[Plain<'_>]) -> Vec<String> {
    let mut helpers: Vec<String> = Vec::new();
    loop {
        let next = plain.iter().find(|plain| {
            let name = plain.method.sig.ident.to_string();
            let is_helper = plain.is_of_events && matches!(plain.method.vis, Visibility::Inherited);
            let changes = || {
                !plain.changes.is_empty()
                    || calls(plain.method.block.to_token_stream()).iter().any(|called| helpers.contains(called))
            };
            is_helper && !helpers.contains(&name) && changes()
        });
        match next {
            Some(plain) => helpers.push(plain.method.sig.ident.to_string()),
            None => return helpers,
        }
    }
}

/// The names of what a body calls as a method, or by a path.
fn calls(body: TokenStream) -> Vec<String> {
    let mut names = Vec::new();
    walk(body, &mut |tokens, index| {
        if let TokenTree::Ident(name) = &tokens[index]
            && is_called(tokens, index)
        {
            names.push(name.to_string());
        }
    });
    names
}

/// What a method changes of `self`.
fn changes(method: &ImplItemFn, aggregate: &Ident) -> Vec<Change> {
    let Some(receiver) = method.sig.receiver() else { return Vec::new() };
    let stays = match &receiver.kind {
        // nothing can be assigned behind it, and what changes inside of a field is a cache
        ReceiverKind::Reference(_, _, None) => false,
        ReceiverKind::Reference(..) => true,
        ReceiverKind::Typed(_, ty) if matches!(peel(ty), Type::Reference(_)) => true,
        // an aggregate that is taken is gone, unless it is given back
        _ => returns_aggregate(&method.sig.output, aggregate).is_some(),
    };
    if !stays {
        return Vec::new();
    }
    let mut finder = Finder { returns_nothing: matches!(method.sig.output, ReturnType::Default), changes: Vec::new() };
    // there is a visitor that changes nothing too, in a part of syn that we do without
    finder.visit_block_mut(&mut method.block.clone());
    finder.changes
}

struct Finder {
    returns_nothing: bool,
    changes: Vec<Change>,
}

impl Finder {
    fn found(&mut self, what: String, place: impl ToTokens) {
        self.changes.push(Change { what, place: place.to_token_stream() });
    }

    /// The left side of an assignment, which may be taken apart.
    fn assigned(&mut self, target: &Expr) {
        match target {
            Expr::Tuple(tuple) => tuple.elems.iter().for_each(|target| self.assigned(target)),
            Expr::Array(array) => array.elems.iter().for_each(|target| self.assigned(target)),
            Expr::Call(call) => call.args.iter().for_each(|target| self.assigned(target)),
            Expr::Struct(literal) => literal.fields.iter().for_each(|field| self.assigned(&field.expr)),
            Expr::Paren(inner) => self.assigned(&inner.expr),
            target => {
                if let Some(what) = part_of_self(target, true) {
                    self.found(what, target);
                }
            }
        }
    }

    /// An expression whose value nobody wants.
    fn dropped(&mut self, expression: &Expr) {
        match expression {
            Expr::Try(inner) => self.dropped(&inner.expr),
            Expr::Paren(inner) => self.dropped(&inner.expr),
            Expr::MethodCall(call) => match part_of_self(&call.receiver, false) {
                Some(what) if CHANGE_IF_DROPPED.iter().any(|name| call.method == name) => self.found(what, call),
                Some(_) => {}
                None => self.dropped(&call.receiver),
            },
            _ => {}
        }
    }

    /// The body of a loop, whose last expression is nobody's.
    fn looped(&mut self, body: &Block) {
        if let Some(Stmt::Expr(last, None)) = body.stmts.last()
            && !self.returns_nothing
        {
            self.dropped(last);
        }
    }
}

impl VisitMut for Finder {
    fn visit_expr_assign_mut(&mut self, assignment: &mut ExprAssign) {
        self.assigned(&assignment.left);
        self.visit_expr_mut(&mut assignment.right);
    }

    fn visit_expr_binary_mut(&mut self, binary: &mut ExprBinary) {
        if is_assignment(&binary.op) {
            self.assigned(&binary.left);
            self.visit_expr_mut(&mut binary.right);
        } else {
            visit_mut::visit_expr_binary_mut(self, binary);
        }
    }

    fn visit_expr_reference_mut(&mut self, reference: &mut ExprReference) {
        if reference.mutability.is_some()
            && let Some(what) = part_of_self(&reference.expr, false)
        {
            self.found(what, &*reference);
        }
        visit_mut::visit_expr_reference_mut(self, reference);
    }

    fn visit_expr_method_call_mut(&mut self, call: &mut ExprMethodCall) {
        if let Some(what) = part_of_self(&call.receiver, false) {
            let is_swap = match call.args.len() {
                0 => call.method == "take",
                1 => call.method == "replace",
                _ => false,
            };
            if is_swap || CHANGE.iter().any(|name| call.method == name) {
                self.found(what, &*call);
            }
        }
        visit_mut::visit_expr_method_call_mut(self, call);
    }

    fn visit_stmt_mut(&mut self, statement: &mut Stmt) {
        match statement {
            Stmt::Expr(expression, Some(_)) => self.dropped(expression),
            Stmt::Expr(expression, None) if self.returns_nothing => self.dropped(expression),
            Stmt::Local(local) if matches!(local.pat, Pat::Wild(_)) => {
                if let Some(init) = &local.init {
                    self.dropped(&init.expr);
                }
            }
            _ => {}
        }
        visit_mut::visit_stmt_mut(self, statement);
    }

    fn visit_arm_mut(&mut self, arm: &mut Arm) {
        if self.returns_nothing {
            self.dropped(&arm.body);
        }
        visit_mut::visit_arm_mut(self, arm);
    }

    fn visit_expr_closure_mut(&mut self, closure: &mut ExprClosure) {
        self.dropped(&closure.body);
        visit_mut::visit_expr_closure_mut(self, closure);
    }

    fn visit_expr_for_loop_mut(&mut self, expression: &mut ExprForLoop) {
        self.looped(&expression.body);
        visit_mut::visit_expr_for_loop_mut(self, expression);
    }

    fn visit_expr_while_mut(&mut self, expression: &mut ExprWhile) {
        self.looped(&expression.body);
        visit_mut::visit_expr_while_mut(self, expression);
    }

    fn visit_expr_loop_mut(&mut self, expression: &mut ExprLoop) {
        self.looped(&expression.body);
        visit_mut::visit_expr_loop_mut(self, expression);
    }

    /// An item inside a method has a `self` of its own, or none.
    fn visit_item_mut(&mut self, _: &mut Item) {}

    fn visit_macro_mut(&mut self, call: &mut Macro) {
        if std_macros::takes_expressions(call)
            && let Ok(mut arguments) = call.parse_body_with(Punctuated::<Expr, Token![,]>::parse_terminated)
        {
            arguments.iter_mut().for_each(|argument| self.visit_expr_mut(argument));
        }
    }
}

/// The `self.field` of a place in `self`, also through methods if what they return is assigned to.
fn part_of_self(place: &Expr, through_methods: bool) -> Option<String> {
    let inner = match place {
        Expr::Field(field) if is_self(&field.base) => {
            return Some(match &field.member {
                Member::Named(name) => format!("self.{name}"),
                Member::Unnamed(index) => format!("self.{}", index.index),
            });
        }
        Expr::Index(index) if is_self(&index.expr) => return Some("self[…]".to_owned()),
        Expr::Field(field) => &field.base,
        Expr::Index(index) => &index.expr,
        Expr::Paren(inner) => &inner.expr,
        Expr::Group(inner) => &inner.expr,
        Expr::Unary(unary) if matches!(unary.op, UnOp::Deref(_)) => &unary.expr,
        Expr::Try(inner) if through_methods => &inner.expr,
        Expr::MethodCall(call) if through_methods && !INTERIOR.iter().any(|name| call.method == name) => &call.receiver,
        _ => return None,
    };
    part_of_self(inner, through_methods)
}

fn is_self(expression: &Expr) -> bool {
    match expression {
        Expr::Path(path) => path.path.is_ident("self"),
        Expr::Paren(inner) => is_self(&inner.expr),
        Expr::Unary(unary) => matches!(unary.op, UnOp::Deref(_)) && is_self(&unary.expr),
        _ => false,
    }
}

fn is_assignment(operator: &BinOp) -> bool {
    matches!(
        operator,
        BinOp::AddAssign(_)
            | BinOp::SubAssign(_)
            | BinOp::MulAssign(_)
            | BinOp::DivAssign(_)
            | BinOp::RemAssign(_)
            | BinOp::BitXorAssign(_)
            | BinOp::BitAndAssign(_)
            | BinOp::BitOrAssign(_)
            | BinOp::ShlAssign(_)
            | BinOp::ShrAssign(_)
    )
}
