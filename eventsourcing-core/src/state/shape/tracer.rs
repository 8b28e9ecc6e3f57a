//! The deserializer that notes what a type asks for, and answers with any value.

use std::any::type_name;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::fields::Fields;
use super::lines::{ANY, ANY_NOT_TRACED, FIELD_NAME};
use super::pass::{Pass, Refused};
use super::texts::Texts;
use super::variants::Chosen;
use super::{Enum, Field, Part, Shape, Variant};

/// The maximum number of parts of a tuple that are described. The others have the shape of the last of them.
const PARTS: usize = 256;

/// The deserializer of one value.
#[derive(Debug)]
pub(super) struct Tracer<'t> {
    pub(super) shape: &'t mut Shape,
    pub(super) pass: &'t mut Pass,
}

impl Tracer<'_> {
    /// Notes a shape, unless an earlier pass noted one.
    fn note(&mut self, shape: impl FnOnce() -> Shape) {
        if matches!(self.shape, Shape::Unknown) {
            *self.shape = shape();
            self.pass.has_learned = true;
        }
    }

    /// Reads a part of a value, which answers for the sample that is offered in it.
    pub(super) fn part<'de, S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Refused> {
        let Self { shape, pass } = self;
        let read = seed.deserialize(Tracer { shape, pass: &mut *pass });
        pass.answer(read.is_ok());
        read
    }

    /// Notes a type inside itself.
    fn recursive<T>(mut self) -> Result<T, Refused> {
        self.note(|| Shape::Recursive);
        self.pass.has_recursed = true;
        Err(Refused::PLAIN)
    }

    fn text<'de, V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Refused> {
        self.note(|| Shape::Text(Texts::default()));
        let text = match self.shape {
            Shape::Text(texts) => self.pass.text_for(texts),
            _ => self.pass.text(),
        };
        visitor.visit_str(text)
    }

    fn string<'de, V: Visitor<'de>>(mut self, kind: &'static str, visitor: V) -> Result<V::Value, Refused> {
        self.note(|| Shape::Scalar(kind));
        visitor.visit_str(self.pass.text())
    }
}

impl Field {
    pub(super) fn named(name: &'static str) -> Self {
        Self { name, ..Self::default() }
    }
}

impl Part {
    /// Visits the part with a function, and notes whether the type refuses it.
    fn visit<T>(
        &mut self,
        pass: &mut Pass,
        visit: impl FnOnce(Option<Tracer<'_>>) -> Result<T, Refused>,
    ) -> Result<T, Refused> {
        if self.is_left_out {
            return visit(None);
        }
        let visited = visit(Some(Tracer { shape: &mut self.shape, pass }));
        self.is_left_out = visited.is_err() && pass.blame();
        visited
    }
}

macro_rules! scalars {
    ($($method:ident $kind:literal $visit:ident $value:expr;)*) => {$(
        fn $method<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Refused> {
            self.note(|| Shape::Scalar($kind));
            // not zero, which some types refuse
            visitor.$visit($value)
        }
    )*};
}

impl<'de> Deserializer<'de> for Tracer<'_> {
    type Error = Refused;

    scalars! {
        deserialize_bool "bool" visit_bool true;
        deserialize_u8 "u8" visit_u8 1;
        deserialize_u16 "u16" visit_u16 1;
        deserialize_u32 "u32" visit_u32 1;
        deserialize_u64 "u64" visit_u64 1;
        deserialize_u128 "u128" visit_u128 1;
        deserialize_i8 "i8" visit_i8 1;
        deserialize_i16 "i16" visit_i16 1;
        deserialize_i32 "i32" visit_i32 1;
        deserialize_i64 "i64" visit_i64 1;
        deserialize_i128 "i128" visit_i128 1;
        deserialize_f32 "f32" visit_f32 1.0;
        deserialize_f64 "f64" visit_f64 1.0;
        deserialize_char "char" visit_char 'a';
        deserialize_bytes "bytes" visit_byte_buf Vec::new();
        deserialize_byte_buf "bytes" visit_byte_buf Vec::new();
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.text(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.text(visitor)
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.string(if is_kept_by_serde::<V::Value>() { ANY_NOT_TRACED } else { ANY }, visitor)
    }

    /// Answers a request for a name with the first one that the type accepts, once it has said which it does.
    ///
    /// A struct with a flattened field accepts any, because it may be one of the fields of that field.
    fn deserialize_identifier<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Refused> {
        if let Shape::Names([first, ..]) = self.shape {
            return visitor.visit_str(first);
        }
        let read = visitor.visit_str(self.pass.text());
        if let Err(Refused { expected: Some(expected @ [_, ..]) }) = &read {
            *self.shape = Shape::Names(expected);
            self.pass.has_learned = true;
        } else if read.is_ok() {
            self.note(|| Shape::Scalar(FIELD_NAME));
        }
        read
    }

    fn deserialize_option<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Refused> {
        self.note(|| Shape::Optional(Part::default()));
        let Shape::Optional(part) = self.shape else { return visitor.visit_none() };
        part.visit(self.pass, |inner| match inner {
            Some(inner) => visitor.visit_some(inner),
            None => visitor.visit_none(),
        })
    }

    fn deserialize_unit<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Refused> {
        self.note(|| Shape::Scalar("unit"));
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Refused> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.deserialize_unit(visitor)
    }

    /// A newtype is what it contains.
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Refused> {
        if self.pass.is_inside::<V::Value>() {
            return self.recursive();
        }
        let Self { shape, pass } = self;
        pass.inside::<V::Value, _>(|pass| visitor.visit_newtype_struct(Tracer { shape, pass }))
    }

    fn deserialize_seq<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Refused> {
        self.note(|| Shape::List(Part::default()));
        let Shape::List(part) = self.shape else { return visitor.visit_seq(Nothing) };
        part.visit(self.pass, |item| visitor.visit_seq(Item(item)))
    }

    fn deserialize_tuple<V: Visitor<'de>>(mut self, len: usize, visitor: V) -> Result<V::Value, Refused> {
        self.note(|| Shape::Tuple(vec![Shape::Unknown; len.min(PARTS)]));
        let Shape::Tuple(parts) = self.shape else { return visitor.visit_seq(Nothing) };
        visitor.visit_seq(Items { parts, next: 0, len, pass: self.pass })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Refused> {
        self.note(|| Shape::Map(Box::default(), Part::default()));
        let Shape::Map(key, part) = self.shape else { return visitor.visit_map(Nothing) };
        part.visit(self.pass, |value| visitor.visit_map(Entry { key, value, is_asked_for: false }))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        mut self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        if self.pass.is_inside::<V::Value>() {
            return self.recursive();
        }
        self.note(|| Shape::Struct(fields.iter().copied().map(Field::named).collect()));
        let Shape::Struct(fields) = self.shape else { return visitor.visit_map(Nothing) };
        self.pass.inside::<V::Value, _>(|pass| Fields::visit(fields, pass, visitor))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        mut self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        if self.pass.is_inside::<V::Value>() {
            return self.recursive();
        }
        self.note(|| {
            let variants = variants.iter().map(|name| Variant { name, ..Variant::default() }).collect();
            Shape::Enum(Enum { variants, preferred: None })
        });
        let Shape::Enum(of) = self.shape else { return Err(Refused::PLAIN) };
        self.pass.inside::<V::Value, _>(|pass| Chosen::visit(of, pass, visitor))
    }
}

/// Whether serde keeps a value to read it as one type after another, which asks nobody what it is.
///
/// Serde has no other sign of it than the type that it keeps it in.
fn is_kept_by_serde<T>() -> bool {
    let name = type_name::<T>();
    name.contains("private") && name.contains("::content::Content")
}

/// An empty list or map.
struct Nothing;

impl<'de> SeqAccess<'de> for Nothing {
    type Error = Refused;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, _: S) -> Result<Option<S::Value>, Refused> {
        Ok(None)
    }
}

impl<'de> MapAccess<'de> for Nothing {
    type Error = Refused;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, _: S) -> Result<Option<S::Value>, Refused> {
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, _: S) -> Result<S::Value, Refused> {
        Err(Refused::PLAIN)
    }
}

/// A list with one item, or with none.
struct Item<'t>(Option<Tracer<'t>>);

impl<'de> SeqAccess<'de> for Item<'_> {
    type Error = Refused;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Refused> {
        let Some(Tracer { shape, pass }) = self.0.take() else { return Ok(None) };
        Tracer { shape, pass: &mut *pass }.part(seed).map(Some)
    }
}

/// The items of a tuple.
pub(super) struct Items<'t> {
    pub(super) parts: &'t mut [Shape],
    pub(super) next: usize,
    pub(super) len: usize,
    pub(super) pass: &'t mut Pass,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Refused;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Refused> {
        let place = self.next.min(self.parts.len().saturating_sub(1));
        if self.next >= self.len {
            return Ok(None);
        }
        self.next += 1;
        let Some(shape) = self.parts.get_mut(place) else { return Ok(None) };
        Tracer { shape, pass: &mut *self.pass }.part(seed).map(Some)
    }
}

/// A map with one entry, or with none.
struct Entry<'t> {
    key: &'t mut Shape,
    value: Option<Tracer<'t>>,
    is_asked_for: bool,
}

impl<'de> MapAccess<'de> for Entry<'_> {
    type Error = Refused;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Refused> {
        let Some(value) = &mut self.value else { return Ok(None) };
        if self.is_asked_for {
            return Ok(None);
        }
        self.is_asked_for = true;
        Tracer { shape: &mut *self.key, pass: &mut *value.pass }.part(seed).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Refused> {
        let value = self.value.take().ok_or(Refused::PLAIN)?;
        seed.deserialize(value)
    }
}
