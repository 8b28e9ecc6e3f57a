//! The parsed model: the user's code, which may have errors, with the spans to report them.
//!
//! Options that cannot be parsed are stored as errors next to the valid options. `check` reports them in order.

use proc_macro2::Ident;
use syn::{
    Attribute, Expr, ImplItem, ImplItemFn, ItemImpl, ItemStruct, LitInt, LitStr, Pat, Path, Result, Token, Type,
};

use super::attributes::{MethodAttributes, UnknownFields};
use crate::errors::Errors;

/// A struct under `#[aggregate]`.
pub(crate) struct AggregateStruct {
    pub(crate) options: StructOptions,
    /// The struct without this library's attributes on its fields.
    pub(crate) item: ItemStruct,
    /// The `#[personal]` attributes of each field.
    pub(crate) personal: Vec<Vec<Attribute>>,
}

/// The options of `#[aggregate]` on a struct.
pub(crate) struct StructOptions {
    /// The path of the library.
    pub(crate) krate: Path,
    pub(crate) errors: Errors,
}

/// An impl block under `#[aggregate]`.
pub(crate) struct AggregateImpl {
    pub(crate) options: ImplOptions,
    /// The user's impl block without its items.
    pub(crate) shell: ItemImpl,
    /// The items of the impl block, in source order.
    pub(crate) members: Vec<Member>,
}

/// The options of `#[aggregate]` on an impl block.
pub(crate) struct ImplOptions {
    pub(crate) krate: Path,
    /// The name in topics, if it is not the name of the type.
    pub(crate) name: Option<LitStr>,
    /// Derives for all events, in addition to the required ones.
    pub(crate) derives: Vec<Path>,
    /// The names that the aggregate had in topics before.
    pub(crate) was: Vec<LitStr>,
    /// The topics of events that no longer exist.
    pub(crate) retired: Vec<LitStr>,
    pub(crate) snapshots: SnapshotOptions,
    /// The keyword of `log`.
    pub(crate) log: Option<Ident>,
    /// What happens to unknown fields of all events.
    pub(crate) unknown_fields: UnknownFields,
    pub(crate) errors: Errors,
}

/// The options of an aggregate's snapshots, each with its keyword.
#[derive(Default)]
pub(crate) struct SnapshotOptions {
    /// `snapshot_every = 100`
    pub(crate) every: Option<(Ident, LitInt)>,
    /// `snapshots`
    pub(crate) by_hand: Option<Ident>,
    /// `snapshot_version = 2`
    pub(crate) version: Option<(Ident, LitInt)>,
}

/// An item of the impl block.
pub(crate) enum Member {
    Method(Box<Method>),
    Other(Box<Other>),
}

/// A method of the impl block.
pub(crate) struct Method {
    /// The method without this library's attributes. The output contains it if the method is not a valid event.
    pub(crate) item: ImplItemFn,
    /// The `#[unrecorded]` attributes.
    pub(crate) unrecorded: Vec<Attribute>,
    pub(crate) misplaced_personal: MisplacedPersonal,
    pub(crate) event: Option<Event>,
}

/// `#[personal]` attributes that are on no value of an event.
#[derive(Default)]
pub(crate) struct MisplacedPersonal {
    pub(crate) on_method: Vec<Attribute>,
    pub(crate) on_self: Vec<Attribute>,
    /// On parameters of a method that is no event.
    pub(crate) on_plain_parameters: Vec<Attribute>,
}

/// An item that is not a method, or a method without a body.
pub(crate) struct Other {
    /// The item without this library's attributes; empty for an event method without a body.
    pub(crate) item: ImplItem,
    /// The `#[event]` attributes.
    pub(crate) events: Vec<Attribute>,
    /// The `;` of an event method without a body.
    pub(crate) no_body: Option<Token![;]>,
}

/// The `#[event]` of a method, and its parameters.
pub(crate) struct Event {
    pub(crate) options: EventOptions,
    /// More `#[event]` attributes on the same method.
    pub(crate) repeated: Vec<Attribute>,
    pub(crate) attributes: MethodAttributes,
    /// The parameters after the receiver.
    pub(crate) parameters: Vec<Parameter>,
}

/// The options of `#[event]`.
#[derive(Default)]
pub(crate) struct EventOptions {
    pub(crate) named: Named,
    pub(crate) topic: Option<LitStr>,
    /// The keyword and the expression of `id = …`.
    pub(crate) id: Option<(Ident, Expr)>,
    pub(crate) evolution: EvolutionOptions,
    /// The keyword `split`.
    pub(crate) split: Option<Ident>,
    /// The keyword of `unknown_fields = …`, and what it says.
    pub(crate) unknown_fields: Option<(Ident, UnknownFields)>,
    pub(crate) errors: Errors,
}

/// How the shape and the topic of an event have changed.
#[derive(Default)]
pub(crate) struct EvolutionOptions {
    pub(crate) version: Option<LitInt>,
    /// The steps, from the first version on.
    pub(crate) upcasts: Vec<Path>,
    pub(crate) was: Vec<Was>,
    /// The keyword and the function of `downcast = …`.
    pub(crate) downcast: Option<(Ident, Path)>,
}

/// A topic that an event had before.
pub(crate) struct Was {
    pub(crate) topic: LitStr,
    /// The steps of another event that became this one, from its first version on; without them it is the same event.
    pub(crate) steps: Option<Vec<Path>>,
}

/// The forms of the event's name in `#[event]`.
#[derive(Default)]
pub(crate) enum Named {
    /// `#[event]`
    #[default]
    Method,
    /// `#[event("Started")]`
    Text(LitStr),
    /// `#[event(struct = Started)]`
    Type(Path),
}

/// A parameter of an event method.
pub(crate) struct Parameter {
    pub(crate) pattern: Pat,
    pub(crate) ty: Type,
    /// Doc comments.
    pub(crate) docs: Vec<Attribute>,
    /// `#[serde(…)]`.
    pub(crate) serde: Vec<Attribute>,
    /// `#[personal]`.
    pub(crate) personal: Vec<Attribute>,
    /// Lint levels, for the parameter of the body.
    pub(crate) lints: Vec<Attribute>,
    /// Attributes that are not supported on a parameter.
    pub(crate) others: Vec<Attribute>,
}

/// A struct under `#[application]`.
pub(crate) struct Application {
    pub(crate) options: ApplicationOptions,
    pub(crate) item: ItemStruct,
}

/// The options of `#[application]`.
pub(crate) struct ApplicationOptions {
    pub(crate) krate: Path,
    /// The prefix of environment variables and tables, if it is not the name of the struct.
    pub(crate) name: Option<LitStr>,
    /// The types whose topics are compared when the application opens.
    pub(crate) aggregates: Vec<Path>,
    pub(crate) errors: Errors,
}

/// An impl block under `#[projection]`.
pub(crate) struct Projection {
    pub(crate) name: Result<LitStr>,
    pub(crate) options: ProjectionOptions,
    pub(crate) block: HandlerBlock,
}

/// The options of `#[projection]`, after its name.
pub(crate) struct ProjectionOptions {
    pub(crate) krate: Path,
    pub(crate) version: Option<LitInt>,
    pub(crate) errors: Errors,
}

/// An impl block under `#[policy]`.
pub(crate) struct Policy {
    pub(crate) options: PolicyOptions,
    pub(crate) block: HandlerBlock,
}

/// The options of `#[policy]`.
pub(crate) struct PolicyOptions {
    pub(crate) krate: Path,
    pub(crate) errors: Errors,
}

/// An impl block with handlers.
pub(crate) struct HandlerBlock {
    /// The user's impl block without this library's attributes.
    pub(crate) item: ItemImpl,
    /// The methods that have one of these attributes, in source order.
    pub(crate) methods: Vec<MarkedMethod>,
}

/// A method with `#[on]` or `#[tables]`.
pub(crate) struct MarkedMethod {
    /// The `#[on]` attributes.
    pub(crate) on: Vec<Attribute>,
    /// The `#[tables]` attributes.
    pub(crate) tables: Vec<Attribute>,
    /// The method without these attributes.
    pub(crate) method: ImplItemFn,
}
