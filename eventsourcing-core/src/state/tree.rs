//! A serialized value as a tree, which keeps what JSON loses: whether an object is a map or a struct, and whether a list is ordered.

use std::collections::BTreeMap;
use std::fmt;

use serde::ser::{self, Serialize, Serializer};

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
    pub(super) is_named: bool,
    pub(super) value: Tree,
}

impl Tree {
    /// Returns the tree of a value, or `None` if its `Serialize` fails.
    pub(super) fn of<T: Serialize + ?Sized>(value: &T) -> Option<Self> {
        value.serialize(Planter).ok()
    }

    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::List(..) => "a list",
            Self::Object(_) => "an object",
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
