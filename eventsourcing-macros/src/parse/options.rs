//! The options in the parentheses of the attributes.

use proc_macro2::{Ident, TokenStream};
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, LitInt, LitStr, Meta, Path, Result, Token, parenthesized};

use crate::errors::Errors;
use crate::messages;

/// The options of `#[aggregate]` on a struct.
#[derive(Default)]
pub(crate) struct StructOptions {
    pub(crate) krate: Option<Path>,
}

/// The options of `#[aggregate]` on an impl block.
#[derive(Default)]
pub(crate) struct ImplOptions {
    pub(crate) krate: Option<Path>,
    pub(crate) name: Option<LitStr>,
    pub(crate) derives: Vec<Path>,
}

/// The options of `#[event]`.
#[derive(Default)]
pub(crate) struct EventOptions {
    pub(crate) named: Named,
    pub(crate) topic: Option<LitStr>,
    pub(crate) id: Option<(Ident, Expr)>,
}

/// How `#[event]` says the event's name.
#[derive(Default)]
pub(crate) enum Named {
    /// `#[event]`
    #[default]
    Method,
    /// `#[event("Started")]`
    Text(LitStr),
    /// `#[event(Started)]`
    Type(Path),
}

/// The options of `#[application]`.
#[derive(Default)]
pub(crate) struct ApplicationOptions {
    pub(crate) krate: Option<Path>,
    pub(crate) name: Option<LitStr>,
    pub(crate) aggregates: Vec<Path>,
}

/// The options of `#[policy]`.
#[derive(Default)]
pub(crate) struct PolicyOptions {
    pub(crate) krate: Option<Path>,
}

/// The options of `#[projection]`, after its name.
#[derive(Default)]
pub(crate) struct ProjectionOptions {
    pub(crate) krate: Option<Path>,
    pub(crate) version: Option<LitInt>,
}

pub(crate) fn struct_options(arguments: TokenStream, errors: &mut Errors) -> StructOptions {
    let mut options = StructOptions::default();
    each(arguments, errors, |option, input| {
        match option.unraw().to_string().as_str() {
            "crate" => options.krate = Some(path(input)?),
            "name" | "derive" => return Err(syn::Error::new(option.span(), messages::option_of_the_impl(option))),
            _ => return Err(unknown(option, "`#[aggregate]` on a struct", &["crate"])),
        }
        Ok(())
    });
    options
}

pub(crate) fn impl_options(arguments: TokenStream, errors: &mut Errors) -> ImplOptions {
    let mut options = ImplOptions::default();
    each(arguments, errors, |option, input| {
        match option.unraw().to_string().as_str() {
            "crate" => options.krate = Some(path(input)?),
            "name" => options.name = Some(text(option, input)?),
            "derive" => options.derives = list(option, input)?,
            _ => return Err(unknown(option, "`#[aggregate]` on an impl block", &["name", "derive", "crate"])),
        }
        Ok(())
    });
    options
}

pub(crate) fn application_options(arguments: TokenStream, errors: &mut Errors) -> ApplicationOptions {
    let mut options = ApplicationOptions::default();
    each(arguments, errors, |option, input| {
        match option.unraw().to_string().as_str() {
            "crate" => options.krate = Some(path(input)?),
            "name" => options.name = Some(text(option, input)?),
            "aggregates" => options.aggregates = list(option, input)?,
            _ => return Err(unknown(option, "`#[application]`", &["name", "aggregates", "crate"])),
        }
        Ok(())
    });
    options
}

pub(crate) fn policy_options(arguments: TokenStream, errors: &mut Errors) -> PolicyOptions {
    let mut options = PolicyOptions::default();
    each(arguments, errors, |option, input| {
        match option.unraw().to_string().as_str() {
            "crate" => options.krate = Some(path(input)?),
            _ => return Err(unknown(option, "`#[policy]`", &["crate"])),
        }
        Ok(())
    });
    options
}

pub(crate) fn projection_options(arguments: TokenStream, errors: &mut Errors) -> ProjectionOptions {
    let mut options = ProjectionOptions::default();
    each(arguments, errors, |option, input| {
        match option.unraw().to_string().as_str() {
            "crate" => options.krate = Some(path(input)?),
            "version" => options.version = Some(version(input)?),
            _ => return Err(unknown(option, "`#[projection]`", &["version", "crate"])),
        }
        Ok(())
    });
    options
}

pub(crate) fn event_options(attribute: &Attribute, errors: &mut Errors) -> EventOptions {
    let mut options = EventOptions::default();
    let list = match &attribute.meta {
        Meta::Path(_) => return options,
        Meta::NameValue(_) => {
            errors.at(&attribute.meta, messages::EVENT_IS_NO_ASSIGNMENT);
            return options;
        }
        Meta::List(list) => list,
    };
    // the name stands first and has no `=`
    let split = |input: ParseStream<'_>| {
        let named = if input.peek(LitStr) {
            Named::Text(input.parse()?)
        } else if input.is_empty() || input.peek2(Token![=]) && !input.peek2(Token![==]) {
            Named::Method
        } else {
            Named::Type(input.parse().map_err(|error| syn::Error::new(error.span(), messages::NO_EVENT_NAME))?)
        };
        if !matches!(named, Named::Method) && !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
        Ok((named, input.parse::<TokenStream>()?))
    };
    let Some((named, rest)) = errors.take(split.parse2(list.tokens.clone())) else { return options };
    options.named = named;
    each(rest, errors, |option, input| {
        match option.unraw().to_string().as_str() {
            "topic" => options.topic = Some(text(option, input)?),
            "id" => {
                input.parse::<Token![=]>()?;
                options.id = Some((option.clone(), input.parse()?));
            }
            _ => return Err(unknown(option, "`#[event]`", &["topic", "id"])),
        }
        Ok(())
    });
    options
}

/// Reads options with commas between them; one that cannot be read does not hide the errors of the next.
fn each(arguments: TokenStream, errors: &mut Errors, mut read: impl FnMut(&Ident, ParseStream<'_>) -> Result<()>) {
    let mut seen: Vec<Ident> = Vec::new();
    let parser = |input: ParseStream<'_>| {
        while !input.is_empty() {
            let option = input.call(Ident::parse_any)?;
            if seen.contains(&option) {
                errors.at(&option, messages::option_twice(&option));
                skip(input)?;
            } else if let Err(error) = read(&option, input) {
                errors.push(error);
                skip(input)?;
            }
            seen.push(option);
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(())
    };
    let all = parser.parse2(arguments);
    errors.take(all);
}

/// Moves on to the next comma.
fn skip(input: ParseStream<'_>) -> Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<proc_macro2::TokenTree>()?;
    }
    Ok(())
}

fn text(option: &Ident, input: ParseStream<'_>) -> Result<LitStr> {
    let wanted = |error: syn::Error| syn::Error::new(error.span(), messages::option_takes_text(option));
    input.parse::<Token![=]>().map_err(wanted)?;
    input.parse().map_err(wanted)
}

fn path(input: ParseStream<'_>) -> Result<Path> {
    let wanted = |error: syn::Error| syn::Error::new(error.span(), messages::CRATE_TAKES_A_PATH);
    input.parse::<Token![=]>().map_err(wanted)?;
    input.call(Path::parse_mod_style).map_err(wanted)
}

fn version(input: ParseStream<'_>) -> Result<LitInt> {
    let wanted = |error: syn::Error| syn::Error::new(error.span(), messages::VERSION_IS_A_NUMBER);
    input.parse::<Token![=]>().map_err(wanted)?;
    let version: LitInt = input.parse().map_err(wanted)?;
    match version.base10_parse::<u32>() {
        Ok(1..) if version.suffix().is_empty() => Ok(version),
        _ => Err(syn::Error::new(version.span(), messages::VERSION_IS_A_NUMBER)),
    }
}

fn list(option: &Ident, input: ParseStream<'_>) -> Result<Vec<Path>> {
    if !input.peek(syn::token::Paren) {
        return Err(input.error(messages::option_takes_types(option)));
    }
    let content;
    parenthesized!(content in input);
    Ok(Punctuated::<Path, Token![,]>::parse_terminated(&content)?.into_iter().collect())
}

fn unknown(option: &Ident, place: &str, known: &[&str]) -> syn::Error {
    syn::Error::new(option.span(), messages::unknown_option(option, place, known))
}
