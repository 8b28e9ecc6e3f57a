//! `impl Projection` for projections and policies, which calls the handler of each event.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Path;

use crate::model::checked::{Handler, HandlerBlock, Projection, Tables, Takes};

/// The user's block, and the impls of a valid policy.
pub(crate) fn policy(block: HandlerBlock) -> TokenStream {
    let HandlerBlock { item, projection } = block;
    let policy = projection.as_ref().map(policy_impl);
    quote!(#item #policy)
}

/// The user's block, and the impl of a valid projection.
pub(crate) fn projection(block: HandlerBlock) -> TokenStream {
    let HandlerBlock { item, projection } = block;
    let projection = projection.as_ref().map(projection_impl);
    quote!(#item #projection)
}

fn policy_impl(policy: &Projection) -> TokenStream {
    let Projection { krate, ty, .. } = policy;
    // a handler may be retried, so saves outside its unit of work are errors
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

fn projection_impl(projection: &Projection) -> TokenStream {
    expanded(projection, |handled| handled)
}

/// The impl; `around` wraps the calls of the handlers.
fn expanded(projection: &Projection, around: impl FnOnce(TokenStream) -> TokenStream) -> TokenStream {
    let Projection { krate, name, version, ty, tables, handlers, view } = projection;
    let topics =
        handlers.iter().map(|Handler { event, cfgs, .. }| quote!(#(#cfgs)* #krate::__private::topics_of::<#event>()));
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
                    self.#method(&happened.event, &happened.context, view).await?;
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
            topic if <#event as #krate::EventStruct>::is_recorded_as(topic) => { #handled }
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

            const TOPICS: &'static [&'static str] = {
                const EVENTS: &[#krate::__private::Topics] = &[#(#topics),*];
                &#krate::__private::joined::<{ #krate::__private::count(EVENTS) }>(EVENTS)
            };

            #has_tables

            async fn handle(
                &self,
                topic: &str,
                events: &[#krate::projection::Recorded<'_>],
                view: &mut Self::View,
            ) -> ::std::result::Result<(), #krate::recording::Cause> {
                #handled
            }

            #make_tables
        }

        const _: () = #krate::__private::are_distinct(<#ty as #krate::Projection>::TOPICS);
    }
}

/// The constant and the method for the tables.
fn made_by(tables: &Tables, krate: &Path) -> (TokenStream, TokenStream) {
    let Tables { method, .. } = tables;
    let make = quote! {
        async fn tables(
            &self,
            prefix: &str,
            view: &mut Self::View,
        ) -> ::std::result::Result<(), #krate::recording::Cause> {
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
