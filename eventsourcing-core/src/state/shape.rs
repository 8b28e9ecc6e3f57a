//! The shape of a type: what its `Deserialize` asks for, with all variants and fields.
//!
//! A type names its fields when it is deserialized, because it asks for them. So the type is deserialized from no input, again and again,
//! until every variant of every enum was visited: see [`Trace`].

mod exploring;
mod fields;
mod lines;
mod offering;
mod pass;
mod texts;
mod tracer;
mod variants;

use serde::de::DeserializeOwned;

pub(crate) use lines::{ALIAS, ANY, MAP_BY, MAY_BE_MISSING, NOT_DESCRIBED, NOT_TRACED, OR_NULL, without};
pub(crate) use texts::{Texts, takes_all};

/// The shape of a type, as far as its `Deserialize` tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Nothing asked for it.
    #[default]
    Unknown,
    /// A value without parts, by the name of its kind.
    Scalar(&'static str),
    /// A text, by the samples that are taken.
    Text(Texts),
    /// A value that is one of these names.
    Names(&'static [&'static str]),
    Optional(Part),
    List(Part),
    /// A map: the shape of its keys and of its values.
    Map(Box<Shape>, Part),
    Tuple(Vec<Shape>),
    Struct(Vec<Field>),
    Enum(Enum),
    /// A type inside itself.
    Recursive,
}

/// The place of the keys of a map. Its values are at place 0.
const KEY: usize = 1;

/// The content of an option, a list or a map, without which it is still a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Part {
    shape: Box<Shape>,
    /// Whether values are tried without it, because the type refuses what it is given here.
    is_left_out: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Field {
    name: &'static str,
    shape: Shape,
    /// Whether the type is also read without it.
    is_optional: bool,
    /// Whether it is another name of a field.
    is_alias: bool,
    /// The field that it is another name of.
    alias_of: Option<&'static str>,
    /// Whether the type refuses what it is given here. Such a field comes last, so that the others are visited.
    fails: bool,
    /// Whether it is left out at the moment, to see whether it is optional.
    is_left_out: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Enum {
    variants: Vec<Variant>,
    /// The variant to choose at the moment.
    preferred: Option<usize>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Variant {
    name: &'static str,
    content: Shape,
    is_visited: bool,
    /// Whether the type refuses what it is given here.
    fails: bool,
}

/// The shape in which an event is read from one version.
#[derive(Debug)]
pub(crate) struct Trace {
    version: u32,
    known: u32,
    shape: Shape,
}

impl Trace {
    /// Traces the shape of this version, or the newest one if it is newer than that.
    pub(crate) fn of_version(version: u32) -> Self {
        Self { version, known: 1, shape: Shape::Unknown }
    }

    /// The newest version that the event's type reads.
    pub(crate) fn known(&self) -> u32 {
        self.known
    }

    pub(crate) fn into_shape(self) -> Shape {
        self.shape
    }

    /// Tells the newest version, and returns the one to read.
    pub(super) fn version(&mut self, known: u32) -> u32 {
        self.known = known;
        self.version.min(known)
    }

    pub(super) fn of<T: DeserializeOwned>(&mut self) {
        self.shape = Shape::of::<T>();
    }
}

impl Shape {
    /// Returns whether an enum in it has a variant that can be visited and was not.
    fn has_unvisited(&self) -> bool {
        match self {
            Self::Unknown | Self::Scalar(_) | Self::Text(_) | Self::Names(_) | Self::Recursive => false,
            Self::Optional(part) | Self::List(part) | Self::Map(_, part) => {
                !part.is_left_out && part.shape.has_unvisited()
            }
            Self::Tuple(parts) => parts.iter().any(Self::has_unvisited),
            Self::Struct(fields) => fields.iter().any(|field| !field.is_alias && field.shape.has_unvisited()),
            Self::Enum(of) => of.variants.iter().any(Variant::has_unvisited),
        }
    }

    /// Returns a part by its place.
    fn part_mut(&mut self, place: usize) -> Option<&mut Self> {
        match self {
            Self::Unknown | Self::Scalar(_) | Self::Text(_) | Self::Names(_) | Self::Recursive => None,
            Self::Map(key, _) if place == KEY => Some(key),
            Self::Optional(part) | Self::List(part) | Self::Map(_, part) => Some(&mut part.shape),
            Self::Tuple(parts) => parts.get_mut(place),
            Self::Struct(fields) => fields.get_mut(place).map(|field| &mut field.shape),
            Self::Enum(of) => of.variants.get_mut(place).map(|variant| &mut variant.content),
        }
    }
}

impl Variant {
    fn has_unvisited(&self) -> bool {
        !self.fails && (!self.is_visited || self.content.has_unvisited())
    }
}
