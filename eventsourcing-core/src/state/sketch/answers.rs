//! The deserializer of sketches: it answers every request, and writes each answer as JSON.

use std::fmt::Display;
use std::io::Write as _;

use serde::de::value::{Error, StrDeserializer};
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};

use super::Sketch;

/// The maximum nesting depth of values. Deeper values, as in recursive types, get the smallest possible answer.
const DEEPEST: u8 = 5;

/// The maximum length of a sketch in bytes. A longer one adds nothing to a dictionary.
const LONGEST: usize = 4 * 1024;

impl Sketch {
    fn write(&mut self, value: impl Display) -> Result<(), Error> {
        if self.json.len() > LONGEST {
            return Err(Error::custom("the sketch is long enough"));
        }
        write!(self.json, "{value}").map_err(Error::custom)
    }

    /// Writes a name, and the separator before it.
    fn key(&mut self, key: &str) -> Result<(), Error> {
        let separator = if self.json.ends_with(b"{") { "" } else { "," };
        self.write(format_args!("{separator}\"{key}\":"))
    }

    /// Answers with a value one level deeper.
    fn deeper<T>(&mut self, give: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        self.depth += 1;
        let given = give(self);
        self.depth -= 1;
        given
    }

    /// Writes an object with these fields, including those that were not requested because an earlier answer was rejected.
    fn object<'de, V: Visitor<'de>>(&mut self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        // the event's own fields are in the same object as its timestamp
        let is_outermost = self.depth == 0;
        if !is_outermost {
            self.write("{")?;
        }
        self.deeper(|sketch| {
            let mut fields = fields.iter();
            let given = visitor.visit_map(Fields { sketch: &mut *sketch, fields: &mut fields });
            for left in fields {
                sketch.key(left)?;
                sketch.write("\"\"")?;
            }
            if !is_outermost {
                sketch.write("}")?;
            }
            given
        })
    }

    fn list<'de, V: Visitor<'de>>(&mut self, len: usize, visitor: V) -> Result<V::Value, Error> {
        self.write("[")?;
        let given = self.deeper(|sketch| visitor.visit_seq(Items { sketch, left: len }));
        self.write("]")?;
        given
    }

    fn is_deep(&self) -> bool {
        self.depth >= DEEPEST
    }
}

macro_rules! numbers {
    ($($method:ident $visit:ident $number:ty, $end:expr;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            // not zero, which some types reject
            let number = <$number>::try_from(self.random($end) + 1).unwrap_or_default();
            self.write(number)?;
            visitor.$visit(number)
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut Sketch {
    type Error = Error;

    numbers! {
        deserialize_u8 visit_u8 u8, 100;
        deserialize_u16 visit_u16 u16, 10_000;
        deserialize_u32 visit_u32 u32, 100_000;
        deserialize_u64 visit_u64 u64, 100_000;
        deserialize_i8 visit_i8 i8, 100;
        deserialize_i16 visit_i16 i16, 10_000;
        deserialize_i32 visit_i32 i32, 100_000;
        deserialize_i64 visit_i64 i64, 100_000;
        deserialize_i128 visit_i128 i128, 100_000;
        deserialize_u128 visit_u128 u128, 100_000;
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let quarters = u32::try_from(self.random(40_000)).unwrap_or(0);
        let number = f64::from(quarters) / 4.0;
        self.write(number)?;
        visitor.visit_f64(number)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let is_so = self.random(2) == 0;
        self.write(is_so)?;
        visitor.visit_bool(is_so)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.write("\"a\"")?;
        visitor.visit_char('a')
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_string(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let text = self.text();
        self.write(format_args!("\"{text}\""))?;
        visitor.visit_string(text)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_string(visitor)
    }

    /// Answers a request for any type with a string.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_string(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_byte_buf(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.write("[]")?;
        visitor.visit_byte_buf(Vec::new())
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.is_deep() || self.random(4) == 0 {
            self.write("null")?;
            return visitor.visit_none();
        }
        self.deeper(|sketch| visitor.visit_some(sketch))
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        // an event without fields has only its timestamp
        if self.depth > 0 {
            self.write("null")?;
        }
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        if self.is_deep() {
            return Err(Error::custom("the sketch is deep enough"));
        }
        self.wrappers = self.wrappers.saturating_add(1);
        // a newtype around an event adds no level to the JSON; a newtype that wraps itself would never end
        match (self.depth, self.wrappers) {
            (0, 0..=DEEPEST) => visitor.visit_newtype_struct(self),
            (0, _) => Err(Error::custom("the sketch is deep enough")),
            _ => self.deeper(|sketch| visitor.visit_newtype_struct(sketch)),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let len = if self.is_deep() { 0 } else { 1 };
        self.list(len, visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Error> {
        if self.is_deep() {
            return Err(Error::custom("the sketch is deep enough"));
        }
        self.list(len, visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_tuple(len, visitor)
    }

    /// Answers with an empty map, because the keys of a map are unknown.
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.object(&[], visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if self.is_deep() {
            return Err(Error::custom("the sketch is deep enough"));
        }
        self.object(fields, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        // of a recursive enum, the first variant is the most likely to end
        let any = if self.is_deep() { 0 } else { self.random(variants.len() as u64) };
        let variant = usize::try_from(any).ok().and_then(|any| variants.get(any));
        let variant = variant.copied().ok_or_else(|| Error::custom("an enum without variants"))?;
        if self.depth > DEEPEST + 1 {
            return Err(Error::custom("the sketch is deep enough"));
        }
        self.deeper(|sketch| visitor.visit_enum(Variant { sketch, name: variant }))
    }
}

/// The fields of a struct, in order.
struct Fields<'s, 'f> {
    sketch: &'s mut Sketch,
    fields: &'f mut std::slice::Iter<'static, &'static str>,
}

impl<'de> MapAccess<'de> for Fields<'_, '_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some(field) = self.fields.next() else { return Ok(None) };
        self.sketch.key(field)?;
        let field: StrDeserializer<'_, Error> = (*field).into_deserializer();
        seed.deserialize(field).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        seed.deserialize(&mut *self.sketch)
    }
}

/// A given number of list items.
struct Items<'s> {
    sketch: &'s mut Sketch,
    left: usize,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        if !self.sketch.json.ends_with(b"[") {
            self.sketch.write(",")?;
        }
        seed.deserialize(&mut *self.sketch).map(Some)
    }
}

/// An enum variant, which is an object with one entry unless the variant holds no data.
struct Variant<'s> {
    sketch: &'s mut Sketch,
    name: &'static str,
}

impl Variant<'_> {
    fn around<T>(self, give: impl FnOnce(&mut Sketch) -> Result<T, Error>) -> Result<T, Error> {
        self.sketch.write(format_args!("{{\"{}\":", self.name))?;
        let given = give(&mut *self.sketch);
        self.sketch.write("}")?;
        given
    }
}

impl<'de> EnumAccess<'de> for Variant<'_> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Error> {
        let name: StrDeserializer<'_, Error> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        self.sketch.write(format_args!("\"{}\"", self.name))
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Error> {
        self.around(|sketch| seed.deserialize(sketch))
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Error> {
        self.around(|sketch| sketch.deserialize_tuple(len, visitor))
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        self.around(|sketch| sketch.object(fields, visitor))
    }
}
