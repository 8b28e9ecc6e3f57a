//! Finds the changes of `self` in a method.
//!
//! The search is syntactic. It finds assignments to fields of `self`, `&mut` borrows of them, and calls of the mutating methods of the
//! standard library's collections on them. It does not find changes through `let this = self` or by other functions.

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Arm, BinOp, Block, Expr, ExprAssign, ExprBinary, ExprClosure, ExprForLoop, ExprLoop, ExprMethodCall, ExprReference,
    ExprWhile, ImplItemFn, Item, Macro, Member, Pat, ReceiverKind, ReturnType, Stmt, Token, Type, UnOp,
};

use super::returned::returns_aggregate;
use crate::syntax::std_macros;
use crate::syntax::types::peel;

/// Methods that change their receiver, whether or not their result is used.
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

/// Methods that change their receiver if their result is dropped. Persistent collections have methods of the same name that return
/// a new collection.
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

/// Methods of interior mutability, whose content is not part of the aggregate's state.
const INTERIOR: &[&str] = &["borrow_mut", "lock", "try_borrow_mut", "try_lock", "try_write", "write"];

/// A change of `self` and its tokens.
pub(super) struct Change {
    pub(super) what: String,
    pub(super) place: TokenStream,
}

/// Returns the changes of `self` in a method.
pub(super) fn changes(method: &ImplItemFn, aggregate: &Ident) -> Vec<Change> {
    let Some(receiver) = method.sig.receiver() else { return Vec::new() };
    let stays = match &receiver.kind {
        // fields cannot be assigned, and interior mutability is a cache
        ReceiverKind::Reference(_, _, None) => false,
        ReceiverKind::Reference(..) => true,
        ReceiverKind::Typed(_, ty) if matches!(peel(ty), Type::Reference(_)) => true,
        // an aggregate taken by value is dropped unless it is returned
        _ => returns_aggregate(&method.sig.output, aggregate).is_some(),
    };
    if !stays {
        return Vec::new();
    }
    let mut finder = Finder { returns_nothing: matches!(method.sig.output, ReturnType::Default), changes: Vec::new() };
    // syn's visitor by shared reference is in a feature that is not enabled
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

    /// The left side of an assignment, which may be a pattern.
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

    /// An expression whose value is dropped.
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

    /// The body of a loop, whose last expression is dropped.
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

    /// A nested item has its own `self`, or none.
    fn visit_item_mut(&mut self, _: &mut Item) {}

    fn visit_macro_mut(&mut self, call: &mut Macro) {
        if std_macros::takes_expressions(call)
            && let Ok(mut arguments) = call.parse_body_with(Punctuated::<Expr, Token![,]>::parse_terminated)
        {
            arguments.iter_mut().for_each(|argument| self.visit_expr_mut(argument));
        }
    }
}

/// The `self.field` of a place expression, also through methods whose result is assigned to.
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
