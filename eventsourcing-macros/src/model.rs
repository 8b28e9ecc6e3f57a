//! What the macros know about the user's code: plain data, with the user's tokens in it.

use proc_macro2::{Ident, Span};
use syn::{Attribute, Block, Expr, ImplItem, ItemImpl, LitInt, Path, Signature, Type, Visibility};

/// An impl block under `#[aggregate]`.
pub(crate) struct Aggregate {
    /// Where the library is found.
    pub(crate) krate: Path,
    /// The type's name.
    pub(crate) name: Ident,
    /// The name in topics, which is the type's unless it is pinned.
    pub(crate) topic_name: String,
    /// What the events derive beyond what they must.
    pub(crate) derives: Vec<Path>,
    /// The user's impl, without its items.
    pub(crate) shell: ItemImpl,
    /// The items of the impl, in the user's order.
    pub(crate) members: Vec<Member>,
    /// The plain methods that may change what no event records.
    pub(crate) unrecorded: Vec<Ident>,
}

impl Aggregate {
    pub(crate) fn events(&self) -> impl Iterator<Item = &Event> {
        self.members.iter().filter_map(|member| match member {
            Member::Event(event) => Some(&**event),
            Member::Plain(_) => None,
        })
    }
}

/// An item of the impl block.
pub(crate) enum Member {
    Event(Box<Event>),
    Plain(Box<ImplItem>),
}

/// An `#[event]` method.
pub(crate) struct Event {
    pub(crate) kind: Kind,
    /// The event's name, which is the enum's variant.
    pub(crate) name: Ident,
    /// Where the user says the name.
    pub(crate) place: Span,
    pub(crate) payload: Payload,
    pub(crate) topic: Topic,
    /// The expression of `id = …`.
    pub(crate) id: Option<Expr>,
    pub(crate) attributes: MethodAttributes,
    pub(crate) visibility: Visibility,
    /// The signature as the user wrote it, without the attributes of its parameters.
    pub(crate) signature: Signature,
    pub(crate) block: Block,
    pub(crate) parameters: Vec<Parameter>,
}

/// What an event method does, and how its command ends.
pub(crate) enum Kind {
    /// Makes an aggregate.
    Creation { fallible: bool },
    /// Changes an aggregate, and returns this.
    Change(Returned),
}

/// What the method of a change returns.
pub(crate) enum Returned {
    Nothing,
    /// Something that is no `Result`.
    Value,
    /// Something that is called `Result`.
    Result,
    /// Something that may stand for a `Result`: only the compiler knows.
    Unknown(Box<Type>),
}

/// The struct that holds the event's values.
pub(crate) enum Payload {
    /// Written by the macro, with this name.
    Generated(Ident),
    /// Written by the user: `#[event(Type)]`.
    Own(Path),
}

/// The topic under which the event is recorded.
pub(crate) struct Topic {
    pub(crate) text: String,
    pub(crate) is_pinned: bool,
    pub(crate) place: Span,
}

/// The attributes of an event method, by where they go.
#[derive(Default)]
pub(crate) struct MethodAttributes {
    /// Go to the command and the event's struct.
    pub(crate) docs: Vec<Attribute>,
    /// Go wherever the event shows.
    pub(crate) cfgs: Vec<Attribute>,
    /// Go to the command and the body: lints and `inline`.
    pub(crate) shared: Vec<Attribute>,
    /// Go to the command alone.
    pub(crate) others: Vec<Attribute>,
}

/// A parameter of an event method, which is a field of the event.
pub(crate) struct Parameter {
    pub(crate) name: Ident,
    pub(crate) stored: Type,
    pub(crate) conversion: Conversion,
    /// Doc comments.
    pub(crate) docs: Vec<Attribute>,
    /// `#[serde(…)]`.
    pub(crate) serde: Vec<Attribute>,
    /// Lints, for the body's own parameter.
    pub(crate) lints: Vec<Attribute>,
}

/// How a parameter becomes a field of the event, and a field an argument of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Conversion {
    /// `T`, stored as it is.
    Owned,
    /// `&str`, `&[T]`, `&T`, stored as `String`, `Vec<T>`, `T`.
    Borrowed,
    /// `impl Into<T>`, stored as `T`.
    Into,
    /// `Option<&str>`, `Option<&[T]>`, stored as `Option<String>`, `Option<Vec<T>>`.
    OptionUnsized,
    /// `Option<&T>`, stored as `Option<T>`.
    OptionBorrowed,
    /// `Option<impl Into<T>>`, stored as `Option<T>`.
    OptionInto,
}

/// A struct under `#[application]`.
pub(crate) struct Application {
    pub(crate) krate: Path,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) ident: Ident,
    /// The prefix of its variables and tables.
    pub(crate) name: String,
    /// The types whose topics are checked when it opens.
    pub(crate) aggregates: Vec<Path>,
}

/// An impl block under `#[projection]`.
pub(crate) struct Projection {
    pub(crate) krate: Path,
    pub(crate) name: String,
    pub(crate) version: Option<LitInt>,
    pub(crate) ty: Type,
    pub(crate) tables: Option<Tables>,
    pub(crate) handlers: Vec<Handler>,
    pub(crate) view: Type,
}

/// The `#[tables]` method.
pub(crate) struct Tables {
    pub(crate) method: Ident,
    pub(crate) view: Type,
}

/// An `#[on]` method.
pub(crate) struct Handler {
    pub(crate) method: Ident,
    /// The struct of the event.
    pub(crate) event: Type,
    pub(crate) takes: Takes,
    pub(crate) view: Type,
    pub(crate) cfgs: Vec<Attribute>,
}

/// How a handler takes events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    /// `event: &WorldStarted`
    One,
    /// `event: &WorldStarted, about: &About`
    OneWithAbout,
    /// `events: &[Happened<WorldStarted>]`
    Many,
}
