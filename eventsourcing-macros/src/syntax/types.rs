//! Parts of types.

use proc_macro2::Ident;
use quote::ToTokens as _;
use syn::{GenericArgument, Path, PathArguments, Type, TypeReference};

/// The type without the parentheses and invisible groups around it.
pub(crate) fn peel(ty: &Type) -> &Type {
    match ty {
        Type::Paren(inner) => peel(&inner.elem),
        Type::Group(inner) => peel(&inner.elem),
        other => other,
    }
}

/// The name of a type without a path or arguments.
pub(crate) fn plain_name(ty: &Type) -> Option<&Ident> {
    match peel(ty) {
        Type::Path(path) if path.qself.is_none() => path.path.get_ident(),
        _ => None,
    }
}

/// The `A` and `B` of `Name<A, B>`.
pub(crate) fn arguments(ty: &Type) -> impl Iterator<Item = &Type> {
    let last = match peel(ty) {
        Type::Path(path) => path.path.segments.last(),
        _ => None,
    };
    let arguments = match last.map(|last| &last.arguments) {
        Some(PathArguments::AngleBracketed(arguments)) => Some(&arguments.args),
        _ => None,
    };
    arguments.into_iter().flatten().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

/// The `T` of `Name<T>`, also of `path::Name<T>`.
pub(crate) fn sole_argument<'a>(path: &'a Path, name: &str) -> Option<&'a Type> {
    let last = path.segments.last().filter(|last| last.ident == name)?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    let mut all = arguments.args.iter();
    match (all.next(), all.next()) {
        (Some(GenericArgument::Type(argument)), None) => Some(argument),
        _ => None,
    }
}

/// The referent of a reference without a lifetime.
pub(crate) fn borrowed(ty: &Type, is_mutable: bool) -> Option<&Type> {
    match peel(ty) {
        Type::Reference(TypeReference { lifetime: None, mutability, elem, .. })
            if mutability.is_some() == is_mutable =>
        {
            Some(elem)
        }
        _ => None,
    }
}

/// Whether a type is a number, `bool` or `char`: `Copy`, and not a `Result`.
pub(crate) fn is_primitive(ty: &Type) -> bool {
    const PRIMITIVES: &[&str] = &[
        "bool", "char", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize", "f32",
        "f64",
    ];
    matches!(peel(ty), Type::Path(path) if PRIMITIVES.iter().any(|primitive| path.path.is_ident(primitive)))
}

/// Whether a type has the name of a type of the standard library without a size, other than `str`. A user may have another type of
/// that name.
pub(crate) fn may_be_unsized(ty: &Type) -> bool {
    const UNSIZED: &[&str] = &["Path", "OsStr", "CStr"];
    matches!(peel(ty), Type::Path(path) if path.qself.is_none()
        && path.path.segments.last().is_some_and(|last| last.arguments.is_none() && UNSIZED.iter().any(|name| last.ident == name)))
}

/// The borrowed and the owned form of a type that certainly has no size.
pub(crate) fn owned_form(ty: &Type) -> Option<(String, String)> {
    let forms = |borrowed: &str, owned: &str| Some((borrowed.to_owned(), owned.to_owned()));
    match peel(ty) {
        Type::Slice(slice) => {
            let element = slice.elem.to_token_stream().to_string().replace(' ', "");
            Some((format!("&[{element}]"), format!("Vec<{element}>")))
        }
        Type::Path(path) if path.qself.is_none() => {
            let names: Vec<String> = path.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            match names.iter().map(String::as_str).collect::<Vec<_>>()[..] {
                ["str"] => forms("&str", "String"),
                [.., "path", "Path"] => forms("&Path", "PathBuf"),
                [.., "ffi", "OsStr"] => forms("&OsStr", "OsString"),
                [.., "ffi", "CStr"] => forms("&CStr", "CString"),
                _ => None,
            }
        }
        _ => None,
    }
}

pub(crate) fn is_str(ty: &Type) -> bool {
    matches!(peel(ty), Type::Path(path) if path.path.is_ident("str"))
}
