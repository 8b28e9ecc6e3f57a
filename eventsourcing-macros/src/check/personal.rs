//! `#[personal]`: JSON Pointers to the personal values of an event, and of an aggregate's state.

use syn::ext::IdentExt as _;
use syn::meta::ParseNestedMeta;
use syn::{Attribute, Fields, ItemStruct, LitStr, Token};

use super::shared::without_arguments;
use crate::errors::Errors;
use crate::messages;
use crate::model::checked::PersonalField;
use crate::model::parsed;

/// The JSON Pointer to a key of an object.
pub(super) fn pointer(key: &str) -> String {
    format!("/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// Whether a value is personal.
pub(super) fn is_personal(attributes: &[Attribute], errors: &mut Errors) -> bool {
    without_arguments(attributes, messages::personal::TAKES_NOTHING, errors);
    !attributes.is_empty()
}

/// The attribute must be where there is a value that is recorded.
pub(super) fn misplaced(found: &parsed::MisplacedPersonal, errors: &mut Errors) {
    for (attributes, message) in [
        (&found.on_method, messages::personal::ON_A_METHOD),
        (&found.on_self, messages::personal::ON_SELF),
        (&found.on_plain_parameters, messages::personal::ON_A_PLAIN_METHOD),
    ] {
        for attribute in attributes {
            errors.at(attribute, message);
        }
    }
}

/// The personal fields of an aggregate's struct, by the keys under which its `Serialize` writes them.
pub(super) fn of_struct(item: &ItemStruct, marks: &[Vec<Attribute>], errors: &mut Errors) -> Vec<PersonalField> {
    let Fields::Named(fields) = &item.fields else { return Vec::new() };
    let case = Case::of(&item.attrs);
    let mut personal = Vec::new();
    for (field, marks) in fields.named.iter().zip(marks) {
        if !is_personal(marks, errors) {
            continue;
        }
        let Some(name) = &field.ident else { continue };
        let mut key = case.of_field(&name.unraw().to_string());
        let mut is_flattened = false;
        for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("serde")) {
            options(attribute, &mut |meta| {
                if meta.path.is_ident("rename") {
                    key = written(meta)?.unwrap_or_else(|| std::mem::take(&mut key));
                } else if meta.path.is_ident("flatten") {
                    is_flattened = true;
                }
                Ok(())
            });
        }
        if is_flattened {
            errors.at(name, messages::personal::FLATTENED);
            continue;
        }
        let cfgs = field.attrs.iter().filter(|attribute| attribute.path().is_ident("cfg")).cloned().collect();
        personal.push(PersonalField { pointer: pointer(&key), cfgs });
    }
    personal
}

/// Reads the options of an attribute of serde. What cannot be read is serde's to refuse.
fn options(attribute: &Attribute, read: &mut dyn FnMut(&ParseNestedMeta<'_>) -> syn::Result<()>) {
    let _ = attribute.parse_nested_meta(|meta| {
        read(&meta)?;
        while !meta.input.is_empty() && !meta.input.peek(Token![,]) {
            meta.input.parse::<proc_macro2::TokenTree>()?;
        }
        Ok(())
    });
}

/// The text of `= "…"` or of `(serialize = "…")`.
fn written(meta: &ParseNestedMeta<'_>) -> syn::Result<Option<String>> {
    if meta.input.peek(Token![=]) {
        return meta.value()?.parse::<LitStr>().map(|text| Some(text.value()));
    }
    let mut written = None;
    meta.parse_nested_meta(|side| {
        let text: LitStr = side.value()?.parse()?;
        if side.path.is_ident("serialize") {
            written = Some(text.value());
        }
        Ok(())
    })?;
    Ok(written)
}

/// How serde spells the fields of a struct: `rename_all`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    AsWritten,
    Upper,
    Pascal,
    Camel,
    Kebab,
    ScreamingKebab,
}

impl Case {
    fn of(attributes: &[Attribute]) -> Self {
        let mut case = Self::AsWritten;
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
            options(attribute, &mut |meta| {
                if meta.path.is_ident("rename_all")
                    && let Some(named) = written(meta)?
                {
                    case = match named.as_str() {
                        "UPPERCASE" | "SCREAMING_SNAKE_CASE" => Self::Upper,
                        "PascalCase" => Self::Pascal,
                        "camelCase" => Self::Camel,
                        "kebab-case" => Self::Kebab,
                        "SCREAMING-KEBAB-CASE" => Self::ScreamingKebab,
                        // fields are in snake case already
                        _ => Self::AsWritten,
                    };
                }
                Ok(())
            });
        }
        case
    }

    fn of_field(self, name: &str) -> String {
        match self {
            Self::AsWritten => name.to_owned(),
            Self::Upper => name.to_ascii_uppercase(),
            Self::Kebab => name.replace('_', "-"),
            Self::ScreamingKebab => name.to_ascii_uppercase().replace('_', "-"),
            Self::Pascal => {
                let mut words = String::new();
                for word in name.split('_') {
                    let (first, rest) = word.split_at(word.chars().next().map_or(0, char::len_utf8));
                    words.push_str(&first.to_ascii_uppercase());
                    words.push_str(rest);
                }
                words
            }
            Self::Camel => {
                let pascal = Self::Pascal.of_field(name);
                let (first, rest) = pascal.split_at(pascal.chars().next().map_or(0, char::len_utf8));
                format!("{}{rest}", first.to_ascii_lowercase())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use syn::{ItemStruct, parse_quote};

    use super::*;

    #[test]
    fn fields_are_named_as_serde_writes_them() {
        let pointers = |item: ItemStruct| {
            let marks = vec![vec![parse_quote!(#[personal])]; item.fields.len()];
            let fields = of_struct(&item, &marks, &mut Errors::default());
            fields.into_iter().map(|field| field.pointer).collect::<Vec<_>>()
        };
        assert_eq!(
            pointers(parse_quote!(
                struct A {
                    full_name: String,
                    r#type: u8,
                }
            )),
            ["/full_name", "/type"]
        );
        assert_eq!(
            pointers(parse_quote! {
                struct A {
                    #[serde(default, rename = "a/b~c")]
                    first: u8,
                    #[serde(rename(deserialize = "old", serialize = "new"))]
                    second: u8,
                    #[serde(rename(deserialize = "old"))]
                    third: u8,
                }
            }),
            ["/a~1b~0c", "/new", "/third"]
        );
        for (case, expected) in [
            ("lowercase", "/full_name"),
            ("UPPERCASE", "/FULL_NAME"),
            ("PascalCase", "/FullName"),
            ("camelCase", "/fullName"),
            ("snake_case", "/full_name"),
            ("SCREAMING_SNAKE_CASE", "/FULL_NAME"),
            ("kebab-case", "/full-name"),
            ("SCREAMING-KEBAB-CASE", "/FULL-NAME"),
        ] {
            let item = parse_quote!(
                #[serde(deny_unknown_fields, rename_all = #case)]
                struct A {
                    full_name: String,
                }
            );
            assert_eq!(pointers(item), [expected], "{case}");
        }
        assert_eq!(
            pointers(parse_quote!(
                #[serde(rename_all(serialize = "camelCase"))]
                struct A {
                    full_name: u8,
                }
            )),
            ["/fullName"]
        );
    }
}
