//! The checked model: the parts of the user's code that have no errors. The generated code depends on it alone.

use proc_macro2::{Ident, Span};
use syn::{Attribute, Block, Expr, ImplItem, ItemImpl, ItemStruct, LitInt, Path, Signature, Type, Visibility};

use super::attributes::{MethodAttributes, UnknownFields};

/// A struct under `#[aggregate]`.
pub(crate) struct AggregateStruct {
    /// The path of the library.
    pub(crate) krate: Path,
    pub(crate) item: ItemStruct,
    /// Whether the field of the aggregate can be added.
    pub(crate) takes_root: bool,
    pub(crate) personal: Vec<PersonalField>,
}

/// A personal field of an aggregate's struct.
pub(crate) struct PersonalField {
    /// The JSON Pointer to it in the state.
    pub(crate) pointer: String,
    /// The `#[cfg]` attributes of the field.
    pub(crate) cfgs: Vec<Attribute>,
}

/// An impl block under `#[aggregate]`.
pub(crate) enum AggregateImpl {
    Aggregate(Box<Aggregate>),
    /// A block without a creation event, for which none can be generated.
    WithoutCreation(Box<Aggregate>),
    /// A block that cannot belong to an aggregate. It stays unchanged.
    Refused(Box<ItemImpl>),
}

/// An aggregate with its valid events.
pub(crate) struct Aggregate {
    /// The path of the library.
    pub(crate) krate: Path,
    /// The type's name.
    pub(crate) name: Ident,
    /// The name in topics: the option `name`, or the name of the type.
    pub(crate) topic_name: String,
    /// Derives for all events, in addition to the required ones.
    pub(crate) derives: Vec<Path>,
    /// The topics of events that no longer exist.
    pub(crate) retired: Vec<String>,
    /// None if the aggregate has no snapshots.
    pub(crate) snapshots: Option<Snapshots>,
    /// The span of the option `log`, if it is an event-sourced log.
    pub(crate) log: Option<Span>,
    /// What happens to unknown fields of events that do not say it themselves.
    pub(crate) unknown_fields: UnknownFields,
    /// The user's impl block without its items.
    pub(crate) shell: ItemImpl,
    /// The items of the impl block, in source order.
    pub(crate) members: Vec<Member>,
}

impl Aggregate {
    pub(crate) fn events(&self) -> impl Iterator<Item = &Event> {
        self.members.iter().filter_map(|member| match member {
            Member::Event(event) => Some(&**event),
            Member::Plain(_) => None,
        })
    }

    /// Whether the events derive `PartialEq` without `Eq`. Some of them may contain numbers that have no `Eq`.
    pub(crate) fn derives_partial_eq_alone(&self) -> bool {
        let derives =
            |name: &str| self.derives.iter().any(|path| path.segments.last().is_some_and(|last| last.ident == name));
        derives("PartialEq") && !derives("Eq")
    }
}

/// The snapshots of an aggregate.
pub(crate) struct Snapshots {
    /// After how many events one is taken; none if only by hand.
    pub(crate) every: Option<u64>,
    /// The version of the aggregate's behaviour.
    pub(crate) version: Option<u32>,
    /// The span of the option, where the compiler reports what the type lacks.
    pub(crate) place: Span,
}

/// An item of the impl block.
pub(crate) enum Member {
    Event(Box<Event>),
    Plain(Box<ImplItem>),
}

/// An `#[event]` method.
pub(crate) struct Event {
    pub(crate) kind: Kind,
    /// The name of the event and of the enum's variant.
    pub(crate) name: Ident,
    /// The span of the name in the user's code.
    pub(crate) place: Span,
    pub(crate) payload: Payload,
    pub(crate) topic: Topic,
    pub(crate) evolution: Evolution,
    /// What happens to unknown fields; none if the aggregate says it.
    pub(crate) unknown_fields: Option<UnknownFields>,
    /// The expression of `id = …`.
    pub(crate) id: Option<Expr>,
    pub(crate) attributes: MethodAttributes,
    pub(crate) visibility: Visibility,
    /// The user's signature without the attributes of its parameters.
    pub(crate) signature: Signature,
    pub(crate) block: Block,
    pub(crate) parameters: Vec<Parameter>,
    /// JSON Pointers to the personal fields.
    pub(crate) personal: Vec<String>,
}

/// Whether an event method creates or changes an aggregate, or is a function that splits its event.
pub(crate) enum Kind {
    /// Creates an aggregate.
    Creation { fallible: bool },
    /// Changes an aggregate and returns this.
    Change(Returned),
    /// Is recorded no more, and becomes other events when it is read.
    Split(Split),
}

/// What a split event becomes.
pub(crate) enum Split {
    /// A tuple of these events.
    Into(Vec<Part>),
    /// A list of any events of the aggregate.
    IntoAny,
}

/// An event that is a part of a split one.
pub(crate) struct Part {
    /// The struct of the event, as the function returns it.
    pub(crate) ty: Type,
    /// The name of the event.
    pub(crate) event: Ident,
}

/// The return type of a change.
pub(crate) enum Returned {
    Nothing,
    /// A type that is not a `Result`.
    Value,
    /// A type named `Result`.
    Result,
    /// A type that may be an alias of `Result`, which only the compiler can tell.
    Unknown(Box<Type>),
}

/// The struct with the values of the event.
pub(crate) enum Payload {
    /// Generated by the macro, with this name.
    Generated(Ident),
    /// Written by the user: `#[event(struct = Type)]`.
    Own(Path),
}

/// The topic under which the event is recorded.
pub(crate) struct Topic {
    pub(crate) text: String,
    pub(crate) is_pinned: bool,
    pub(crate) place: Span,
}

/// How the shape and the topic of an event have changed.
pub(crate) struct Evolution {
    /// The version of the shape that is read and written.
    pub(crate) version: u32,
    /// The steps from each version before, of which the first is from version 1.
    pub(crate) steps: Vec<Path>,
    /// The topics that the event had before.
    pub(crate) was: Vec<Was>,
    /// The function to the version before, which is written until all programs read this one.
    pub(crate) downcast: Option<Path>,
}

impl Evolution {
    /// Whether the event has only ever had this shape, whatever its topics were.
    pub(crate) fn is_of_one_shape(&self) -> bool {
        self.version == 1 && self.was.iter().all(|was| was.steps.is_none())
    }
}

/// A topic that an event had before.
pub(crate) struct Was {
    pub(crate) topic: String,
    pub(crate) place: Span,
    /// The steps of another event that became this one, from its first version on.
    pub(crate) steps: Option<Vec<Path>>,
}

/// A parameter of an event method and the field of the event for it.
pub(crate) struct Parameter {
    pub(crate) name: Ident,
    pub(crate) stored: Type,
    pub(crate) conversion: Conversion,
    /// Doc comments.
    pub(crate) docs: Vec<Attribute>,
    /// `#[serde(…)]`.
    pub(crate) serde: Vec<Attribute>,
    pub(crate) is_personal: bool,
    /// Lint levels, for the parameter of the body.
    pub(crate) lints: Vec<Attribute>,
}

/// The conversion of a parameter to a field of the event, and of the field to an argument of the body.
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
    /// `Option<&Path>`, stored as `Option<<Path as ToOwned>::Owned>`.
    OptionToOwned,
    /// `Option<impl Into<T>>`, stored as `Option<T>`.
    OptionInto,
}

/// A struct under `#[application]`.
pub(crate) struct Application {
    pub(crate) krate: Path,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) ident: Ident,
    /// The prefix of environment variables and tables.
    pub(crate) name: String,
    /// The types whose topics are compared when the application opens.
    pub(crate) aggregates: Vec<Path>,
}

/// An impl block under `#[projection]` or `#[policy]`.
pub(crate) struct HandlerBlock {
    /// The user's impl block without this library's attributes.
    pub(crate) item: ItemImpl,
    pub(crate) handled: Handled,
}

/// What an impl block with handlers becomes.
pub(crate) enum Handled {
    Projection(Box<Projection>),
    /// A block with errors, and what its stand-in needs. A block that cannot have handlers has none.
    Refused(Option<Box<RefusedProjection>>),
}

/// A projection or a policy whose block has errors.
pub(crate) struct RefusedProjection {
    pub(crate) krate: Path,
    pub(crate) ty: Type,
    pub(crate) view: Type,
}

/// The attribute of an impl block with handlers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HandlersOf {
    Projection,
    Policy,
}

/// A projection, or a policy: a projection whose view is a unit of work.
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

/// The parameters for events of a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    /// `event: &WorldStarted`
    One,
    /// `event: &WorldStarted, context: &EventContext`
    OneWithContext,
    /// `events: &[EventEnvelope<WorldStarted>]`
    Many,
}
