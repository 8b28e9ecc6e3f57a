//! `impl Projection`: which handler takes which event; and that of a policy.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Path;

use crate::model::{Handler, Projection, Tables, Takes};

pub(crate) fn policy(policy: &Projection) -> TokenStream {
    let Projection { krate, ty, .. } = policy;
    // a handler may be called again: what it saves elsewhere than in its unit of work is refused
    let handlers = expanded(policy, |handled| {
        quote! {
            let scope = #krate::__private::PolicyScope::of(view);
            scope.run(async { #handled }).await
        }
    });
    quote! {
        impl #krate::ProcessApplication for #ty {}

        #handlers
    }
}

pub(crate) fn projection(projection: &Projection) -> TokenStream {
    expanded(projection, |handled| handled)
}

/// The impl, in which something stands around what the handlers do.
fn expanded(projection: &Projection, around: impl FnOnce(TokenStream) -> TokenStream) -> TokenStream {
    let Projection { krate, name, version, ty, tables, handlers, view } = projection;
    let topics =
        handlers.iter().map(|Handler { event, cfgs, .. }| quote!(#(#cfgs)* <#event as #krate::EventStruct>::TOPIC));
    let arms = handlers.iter().map(|Handler { method, event, takes, cfgs, .. }| {
        let handled = match takes {
            Takes::One => quote! {
                for event in events {
                    let happened = event.decode::<#event>()?;
                    self.#method(&happened.event, view).await?;
                }
            },
            Takes::OneWithAbout => quote! {
                for event in events {
                    let happened = event.decode::<#event>()?;
                    self.#method(&happened.event, &happened.about, view).await?;
                }
            },
            Takes::Many => quote! {
                let mut happened = ::std::vec::Vec::with_capacity(events.len());
                for event in events {
                    happened.push(event.decode::<#event>()?);
                }
                self.#method(&happened, view).await?;
            },
        };
        quote! {
            #(#cfgs)*
            <#event as #krate::EventStruct>::TOPIC => { #handled }
        }
    });
    let handled = around(quote! {
        match topic {
            #(#arms)*
            _ => {}
        }
        ::std::result::Result::Ok(())
    });
    let version = version.as_ref().map(|version| quote!(const VERSION: u32 = #version;));
    let (has_tables, make_tables) = tables.as_ref().map(|tables| made_by(tables, krate)).unzip();
    quote! {
        impl #krate::Projection for #ty {
            type View = #view;

            const NAME: &'static str = #name;

            #version

            const TOPICS: &'static [&'static str] = &[#(#topics),*];

            #has_tables

            async fn handle(
                &self,
                topic: &str,
                events: &[#krate::following::Recorded<'_>],
                view: &mut Self::View,
            ) -> ::std::result::Result<(), #krate::persistence::Cause> {
                #handled
            }

            #make_tables
        }

        const _: () = #krate::__private::are_distinct(<#ty as #krate::Projection>::TOPICS);
    }
}

/// That there are tables, and how they are made.
fn made_by(tables: &Tables, krate: &Path) -> (TokenStream, TokenStream) {
    let Tables { method, .. } = tables;
    let make = quote! {
        async fn tables(
            &self,
            prefix: &str,
            view: &mut Self::View,
        ) -> ::std::result::Result<(), #krate::persistence::Cause> {
            self.#method(prefix, view).await?;
            ::std::result::Result::Ok(())
        }
    };
    (
        quote!(
            const HAS_TABLES: bool = true;
        ),
        make,
    )
}
