//! A deserializer whose errors tell kinds, field names and positions, and drop values.

use std::cell::{Cell, RefCell};
use std::fmt;

use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, Expected, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::told::{REFUSED, Told};

/// The current position of the reader.
#[derive(Default)]
pub(super) struct Trail {
    path: RefCell<String>,
    /// The field names to compare the next text with, while a key is read.
    naming: Cell<Option<&'static [&'static str]>>,
    /// The last key that was read, if it is one of those names.
    key: Cell<Option<&'static str>>,
    told: RefCell<Option<Told>>,
}

impl Trail {
    /// The path of a key of the outermost object.
    pub(super) const KEY_OF_THE_EVENT: &'static str = "$.*";

    pub(super) fn new() -> Self {
        Self { path: RefCell::new("$".to_owned()), ..Self::default() }
    }

    /// Stores the error while it passes through an error type that cannot hold it.
    fn keep<E: de::Error>(&self, mut told: Told) -> E {
        told.path.get_or_insert_with(|| self.path.borrow().clone());
        *self.told.borrow_mut() = Some(told);
        E::custom(REFUSED)
    }

    /// Returns the stored error. Without one, the deserializer itself failed, and its message begins with the kind it found.
    fn take(&self, error: &impl fmt::Display, expected: &str) -> Told {
        let kept = self.told.borrow_mut().take();
        kept.unwrap_or_else(|| Told {
            text: own_words(&error.to_string(), expected),
            path: Some(self.path.borrow().clone()),
            unknown_field: None,
        })
    }

    /// Notes the text of a key, if it is the name of a field.
    fn name(&self, text: &str) {
        if let Some(fields) = self.naming.take() {
            self.key.set(fields.iter().find(|field| **field == text).copied());
        }
    }

    fn within<T>(&self, step: fmt::Arguments<'_>, read: impl FnOnce() -> T) -> T {
        let len = self.path.borrow().len();
        self.path.borrow_mut().push_str(&step.to_string());
        let value = read();
        self.path.borrow_mut().truncate(len);
        value
    }
}

/// Returns a deserializer's own message, without the value.
fn own_words(message: &str, expected: &str) -> String {
    const FOUND: [&str; 12] = [
        "null",
        "boolean",
        "integer",
        "floating point",
        "number",
        "string",
        "sequence",
        "map",
        "unit value",
        "byte array",
        "character",
        "enum",
    ];
    let found = message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "));
    let found = found.and_then(|rest| FOUND.iter().find(|kind| rest.starts_with(**kind)));
    if let Some(found) = found {
        return format!("invalid type: {found}, expected {expected}");
    }
    let ours = super::reserved::OWN_MESSAGES.iter().find(|own| message.starts_with(**own));
    ours.map_or_else(|| REFUSED.to_owned(), |own| (*own).to_owned())
}

/// A wrapper of a deserializer, an access or a seed that reports errors as `Told`.
pub(super) struct Traced<'t, D> {
    inner: D,
    trail: &'t Trail,
}

impl<'t, D> Traced<'t, D> {
    pub(super) fn new(inner: D, trail: &'t Trail) -> Self {
        Self { inner, trail }
    }
}

/// A wrapper of a visitor that reports errors as `Told`.
struct TracedVisitor<'t, V> {
    visitor: V,
    trail: &'t Trail,
    /// The field names that the visitor may receive. Any other name is data.
    fields: &'static [&'static str],
}

/// Returns the visitor's own description of what it expects.
fn expected<'de, V: Visitor<'de>>(visitor: &V) -> String {
    let expected: &dyn Expected = visitor;
    expected.to_string()
}

macro_rules! forward {
    ($($method:ident($($name:ident: $argument:ty),*) $fields:expr;)*) => {$(
        fn $method<V: Visitor<'de>>(self, $($name: $argument,)* visitor: V) -> Result<V::Value, Told> {
            let (trail, expected) = (self.trail, expected(&visitor));
            self.inner
                .$method($($name,)* TracedVisitor { visitor, trail, fields: $fields })
                .map_err(|error| trail.take(&error, &expected))
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Traced<'_, D> {
    type Error = Told;

    forward! {
        deserialize_any() &[]; deserialize_bool() &[]; deserialize_ignored_any() &[]; deserialize_identifier() &[];
        deserialize_i8() &[]; deserialize_i16() &[]; deserialize_i32() &[]; deserialize_i64() &[]; deserialize_i128() &[];
        deserialize_u8() &[]; deserialize_u16() &[]; deserialize_u32() &[]; deserialize_u64() &[]; deserialize_u128() &[];
        deserialize_f32() &[]; deserialize_f64() &[]; deserialize_char() &[]; deserialize_str() &[]; deserialize_string() &[];
        deserialize_bytes() &[]; deserialize_byte_buf() &[]; deserialize_option() &[]; deserialize_unit() &[];
        deserialize_unit_struct(name: &'static str) &[]; deserialize_newtype_struct(name: &'static str) &[];
        deserialize_seq() &[]; deserialize_tuple(len: usize) &[]; deserialize_tuple_struct(name: &'static str, len: usize) &[];
        deserialize_map() &[]; deserialize_struct(name: &'static str, fields: &'static [&'static str]) fields;
        deserialize_enum(name: &'static str, variants: &'static [&'static str]) &[];
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

macro_rules! values {
    ($($method:ident($value:ty))*) => {$(
        fn $method<E: de::Error>(self, value: $value) -> Result<V::Value, E> {
            self.visitor.$method(value).map_err(|told: Told| self.trail.keep(told))
        }
    )*};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for TracedVisitor<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    values! {
        visit_bool(bool) visit_i8(i8) visit_i16(i16) visit_i32(i32) visit_i64(i64) visit_i128(i128)
        visit_u8(u8) visit_u16(u16) visit_u32(u32) visit_u64(u64) visit_u128(u128) visit_f32(f32) visit_f64(f64)
        visit_char(char) visit_bytes(&[u8]) visit_borrowed_bytes(&'de [u8]) visit_byte_buf(Vec<u8>)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<V::Value, E> {
        self.trail.name(text);
        self.visitor.visit_str(text).map_err(|told: Told| self.trail.keep(told))
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<V::Value, E> {
        self.trail.name(text);
        self.visitor.visit_borrowed_str(text).map_err(|told: Told| self.trail.keep(told))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<V::Value, E> {
        self.trail.name(&text);
        self.visitor.visit_string(text).map_err(|told: Told| self.trail.keep(told))
    }

    fn visit_none<E: de::Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_none().map_err(|told: Told| self.trail.keep(told))
    }

    fn visit_unit<E: de::Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_unit().map_err(|told: Told| self.trail.keep(told))
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        let trail = self.trail;
        self.visitor.visit_some(Traced { inner, trail }).map_err(|told| trail.keep(told))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        let trail = self.trail;
        self.visitor.visit_newtype_struct(Traced { inner, trail }).map_err(|told| trail.keep(told))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        let trail = self.trail;
        self.visitor.visit_seq(Items { inner, trail, place: 0 }).map_err(|told| trail.keep(told))
    }

    fn visit_map<A: MapAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        let Self { visitor, trail, fields } = self;
        visitor.visit_map(Entries { inner, trail, fields }).map_err(|told| trail.keep(told))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        let trail = self.trail;
        self.visitor.visit_enum(Traced { inner, trail }).map_err(|told| trail.keep(told))
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Traced<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<S::Value, D::Error> {
        let trail = self.trail;
        self.inner.deserialize(Traced { inner, trail }).map_err(|told| trail.keep(told))
    }
}

/// The items of a list.
struct Items<'t, A> {
    inner: A,
    trail: &'t Trail,
    place: usize,
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Items<'_, A> {
    type Error = Told;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Told> {
        let Self { inner, trail, place } = self;
        let seed = Traced { inner: seed, trail };
        let next = trail.within(format_args!("[{place}]"), || {
            inner.next_element_seed(seed).map_err(|error| trail.take(&error, "an item"))
        });
        *place += 1;
        next
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

/// The entries of an object.
struct Entries<'t, A> {
    inner: A,
    trail: &'t Trail,
    fields: &'static [&'static str],
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Entries<'_, A> {
    type Error = Told;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Told> {
        let Self { inner, trail, fields } = self;
        trail.key.set(None);
        trail.naming.set(Some(fields));
        let seed = Traced { inner: seed, trail };
        let next =
            trail.within(format_args!(".*"), || inner.next_key_seed(seed).map_err(|error| trail.take(&error, "a key")));
        trail.naming.set(None);
        next
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Told> {
        let Self { inner, trail, .. } = self;
        let seed = Traced { inner: seed, trail };
        let key = trail.key.take().unwrap_or("*");
        trail.within(format_args!(".{key}"), || {
            inner.next_value_seed(seed).map_err(|error| trail.take(&error, "a value"))
        })
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

impl<'t, 'de, A: EnumAccess<'de>> EnumAccess<'de> for Traced<'t, A> {
    type Error = Told;
    type Variant = Traced<'t, A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self::Variant), Told> {
        let Self { inner, trail } = self;
        let (value, inner) = inner
            .variant_seed(Traced { inner: seed, trail })
            .map_err(|error| trail.take(&error, "the name of a variant"))?;
        Ok((value, Traced { inner, trail }))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Traced<'_, A> {
    type Error = Told;

    fn unit_variant(self) -> Result<(), Told> {
        self.inner.unit_variant().map_err(|error| self.trail.take(&error, "a unit variant"))
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Told> {
        let Self { inner, trail } = self;
        let seed = Traced { inner: seed, trail };
        inner.newtype_variant_seed(seed).map_err(|error| trail.take(&error, "a variant with one value"))
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Told> {
        let (trail, expected) = (self.trail, expected(&visitor));
        let visitor = TracedVisitor { visitor, trail, fields: &[] };
        self.inner.tuple_variant(len, visitor).map_err(|error| trail.take(&error, &expected))
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Told> {
        let (trail, expected) = (self.trail, expected(&visitor));
        let visitor = TracedVisitor { visitor, trail, fields };
        self.inner.struct_variant(fields, visitor).map_err(|error| trail.take(&error, &expected))
    }
}
