//! Compares an event with the copy that was deserialized from its state, and locates the first difference.
//!
//! Usually the two JSON texts are equal, which is decided on the bytes. Only where they differ, both values are serialized again into
//! trees that keep what JSON loses: whether an object is a map or a struct, and whether a list is ordered (a tuple) or may be a set.

use std::collections::BTreeMap;
use std::fmt::{self, Debug, Write as _};

use serde::ser::{self, Serialize, Serializer};

/// The first difference between an event and its copy, without the values.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StateDifference {
    /// The path of fields and list positions, such as `$.lines[2].price`. A map key is data, and is shown as `*`.
    pub path: String,
    /// The kind of value that the event writes at the path.
    pub written: &'static str,
    /// The kind of value that the copy writes at the path.
    pub read: &'static str,
}

impl fmt::Display for StateDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, written, read } = self;
        write!(f, "at `{path}`, the event writes {written} and its copy writes {read}")
    }
}

/// A serialized value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tree {
    Null,
    Bool(bool),
    /// A number as JSON text, because no single number type holds all of them.
    Number(String),
    Text(String),
    /// The flag says whether the order of the items matters. A sequence may be a set, whose items come in any order.
    List(Vec<Tree>, bool),
    Object(BTreeMap<String, Entry>),
}

/// The value of an object under one key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    /// Whether the key is the name of a field or a variant. Such a name is part of the source code and may be shown.
    is_named: bool,
    value: Tree,
}

impl Tree {
    /// Returns the tree of a value, or `None` if its `Serialize` fails.
    pub(super) fn of<T: Serialize + ?Sized>(value: &T) -> Option<Self> {
        value.serialize(Planter).ok()
    }

    /// Returns the first path at which the other tree differs from this one.
    pub(crate) fn difference(&self, read: &Self) -> Option<StateDifference> {
        self.differs_at(read, &mut "$".to_owned())
    }

    fn differs_at(&self, read: &Self, path: &mut String) -> Option<StateDifference> {
        match (self, read) {
            (Self::Object(a), Self::Object(b)) => {
                let left = a.iter().map(|(key, entry)| (key, entry, Some(&entry.value), b.get(key).map(|e| &e.value)));
                let added = b.iter().filter(|(key, _)| !a.contains_key(*key));
                let added = added.map(|(key, entry)| (key, entry, None, Some(&entry.value)));
                for (key, entry, written, read) in left.chain(added) {
                    let key = if entry.is_named { key.as_str() } else { "*" };
                    let found = within(path, &format!(".{key}"), written, read);
                    if found.is_some() {
                        return found;
                    }
                }
                None
            }
            (Self::List(a, is_ordered), Self::List(b, _)) => {
                let places = (0..a.len().max(b.len())).map(|place| (place, a.get(place), b.get(place)));
                let found = places
                    .into_iter()
                    .find_map(|(place, written, read)| within(path, &format!("[{place}]"), written, read))?;
                let is_the_same_set = !is_ordered && a.len() == b.len() && self.sorted() == read.sorted();
                (!is_the_same_set).then_some(found)
            }
            (written, read) if written == read => None,
            (written, read) => {
                let is_of_one_kind = written.kind() == read.kind();
                let read = if is_of_one_kind { read.other() } else { read.kind() };
                Some(StateDifference { path: path.clone(), written: written.kind(), read })
            }
        }
    }

    /// Returns a copy in which unordered lists are sorted.
    fn sorted(&self) -> Self {
        match self {
            Self::List(items, is_ordered) => {
                let mut items: Vec<_> = items.iter().map(Self::sorted).collect();
                if !is_ordered {
                    items.sort_unstable();
                }
                Self::List(items, *is_ordered)
            }
            Self::Object(entries) => {
                let sorted = |(key, entry): (&String, &Entry)| {
                    (key.clone(), Entry { is_named: entry.is_named, value: entry.value.sorted() })
                };
                Self::Object(entries.iter().map(sorted).collect())
            }
            other => other.clone(),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::List(..) => "a list",
            Self::Object(_) => "an object",
        }
    }

    fn other(&self) -> &'static str {
        match self {
            Self::Bool(_) => "another boolean",
            Self::Number(_) => "another number",
            Self::Text(_) => "another string",
            other => other.kind(),
        }
    }

    /// Returns the text of this value as a map key.
    fn into_key(self) -> String {
        match self {
            Self::Number(text) | Self::Text(text) => text,
            Self::Bool(is) => is.to_string(),
            other => other.kind().to_owned(),
        }
    }
}

/// Compares two values one step further down the path. Either of them may be missing.
fn within(path: &mut String, step: &str, written: Option<&Tree>, read: Option<&Tree>) -> Option<StateDifference> {
    let len = path.len();
    path.push_str(step);
    let found = match (written, read) {
        (Some(written), Some(read)) => written.differs_at(read, path),
        (written, read) => {
            let kind = |tree: Option<&Tree>| tree.map_or("nothing", Tree::kind);
            Some(StateDifference { path: path.clone(), written: kind(written), read: kind(read) })
        }
    };
    path.truncate(len);
    found
}

/// Returns whether two values have the same `Debug` output, which also shows fields that serde skips.
///
/// The same bytes in another order count as equal, because a hash map may print its entries in any order. A `Debug` that fails
/// counts as equal.
pub(crate) fn looks_the_same<T: Debug>(written: &T, read: &T, scratch: &mut String) -> bool {
    scratch.clear();
    if write!(scratch, "{written:?}").is_err() {
        return true;
    }
    let mut rest = Rest { expected: scratch.as_bytes() };
    if write!(rest, "{read:?}").is_ok() && rest.expected.is_empty() {
        return true;
    }
    let mut other = String::new();
    write!(other, "{read:?}").is_err()
        || (other.len() == scratch.len() && histogram(other.as_bytes()) == histogram(scratch.as_bytes()))
}

fn histogram(bytes: &[u8]) -> [usize; 256] {
    let mut counts = [0; 256];
    bytes.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    counts
}

/// A writer that accepts only the expected text.
struct Rest<'t> {
    expected: &'t [u8],
}

impl fmt::Write for Rest<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.expected = self.expected.strip_prefix(text.as_bytes()).ok_or(fmt::Error)?;
        Ok(())
    }
}

/// A serializer that builds a tree.
struct Planter;

#[derive(Debug)]
struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused")
    }
}

impl std::error::Error for Refused {}

impl ser::Error for Refused {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// A list or an object under construction. The variant is the key of the enclosing object.
struct Growing {
    variant: Option<&'static str>,
    items: Vec<Tree>,
    is_ordered: bool,
    entries: BTreeMap<String, Entry>,
    key: String,
}

impl Growing {
    fn new(variant: Option<&'static str>, is_ordered: bool) -> Self {
        Self { variant, items: Vec::new(), is_ordered, entries: BTreeMap::new(), key: String::new() }
    }

    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        self.items.push(value.serialize(Planter)?);
        Ok(())
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Refused> {
        self.entries.insert(name.to_owned(), Entry { is_named: true, value: value.serialize(Planter)? });
        Ok(())
    }

    fn list(self) -> Tree {
        around(self.variant, Tree::List(self.items, self.is_ordered))
    }

    fn object(self) -> Tree {
        around(self.variant, Tree::Object(self.entries))
    }
}

fn around(variant: Option<&'static str>, value: Tree) -> Tree {
    match variant {
        None => value,
        Some(name) => Tree::Object(BTreeMap::from([(name.to_owned(), Entry { is_named: true, value })])),
    }
}

macro_rules! numbers {
    ($($method:ident($number:ty))*) => {$(
        fn $method(self, number: $number) -> Result<Tree, Refused> {
            // `Debug` prints a floating-point number so that parsing restores the same number
            Ok(Tree::Number(format!("{number:?}")))
        }
    )*};
}

impl Serializer for Planter {
    type Ok = Tree;
    type Error = Refused;
    type SerializeSeq = Growing;
    type SerializeTuple = Growing;
    type SerializeTupleStruct = Growing;
    type SerializeTupleVariant = Growing;
    type SerializeMap = Growing;
    type SerializeStruct = Growing;
    type SerializeStructVariant = Growing;

    numbers! {
        serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64) serialize_i128(i128)
        serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64) serialize_u128(u128)
        serialize_f32(f32) serialize_f64(f64)
    }

    fn serialize_bool(self, is: bool) -> Result<Tree, Refused> {
        Ok(Tree::Bool(is))
    }

    fn serialize_char(self, c: char) -> Result<Tree, Refused> {
        Ok(Tree::Text(c.to_string()))
    }

    fn serialize_str(self, text: &str) -> Result<Tree, Refused> {
        Ok(Tree::Text(text.to_owned()))
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<Tree, Refused> {
        Ok(Tree::List(bytes.iter().map(|byte| Tree::Number(byte.to_string())).collect(), true))
    }

    fn serialize_none(self) -> Result<Tree, Refused> {
        Ok(Tree::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Tree, Refused> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Tree, Refused> {
        Ok(Tree::Null)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Tree, Refused> {
        Ok(Tree::Null)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<Tree, Refused> {
        Ok(Tree::Text(variant.to_owned()))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<Tree, Refused> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Tree, Refused> {
        Ok(around(Some(variant), value.serialize(self)?))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Growing, Refused> {
        Ok(Growing::new(None, false))
    }

    fn serialize_tuple(self, _: usize) -> Result<Growing, Refused> {
        Ok(Growing::new(None, true))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Growing, Refused> {
        Ok(Growing::new(None, true))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Growing, Refused> {
        Ok(Growing::new(Some(variant), true))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Growing, Refused> {
        Ok(Growing::new(None, true))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Growing, Refused> {
        Ok(Growing::new(None, true))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Growing, Refused> {
        Ok(Growing::new(Some(variant), true))
    }
}

macro_rules! lists {
    ($($compound:ident $method:ident)*) => {$(
        impl ser::$compound for Growing {
            type Ok = Tree;
            type Error = Refused;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
                self.item(value)
            }

            fn end(self) -> Result<Tree, Refused> {
                Ok(self.list())
            }
        }
    )*};
}

lists! {
    SerializeSeq serialize_element
    SerializeTuple serialize_element
    SerializeTupleStruct serialize_field
    SerializeTupleVariant serialize_field
}

macro_rules! structs {
    ($($compound:ident)*) => {$(
        impl ser::$compound for Growing {
            type Ok = Tree;
            type Error = Refused;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Refused> {
                self.field(name, value)
            }

            fn end(self) -> Result<Tree, Refused> {
                Ok(self.object())
            }
        }
    )*};
}

structs! { SerializeStruct SerializeStructVariant }

impl ser::SerializeMap for Growing {
    type Ok = Tree;
    type Error = Refused;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Refused> {
        self.key = key.serialize(Planter)?.into_key();
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        let key = std::mem::take(&mut self.key);
        self.entries.insert(key, Entry { is_named: false, value: value.serialize(Planter)? });
        Ok(())
    }

    fn end(self) -> Result<Tree, Refused> {
        Ok(self.object())
    }
}
