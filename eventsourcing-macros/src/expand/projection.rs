//! `impl Projection` for projections and policies, which calls the handler of each event.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Path;

use super::stand_in;
use crate::model::checked::{Handled, Handler, HandlerBlock, Projection, Tables, Takes};

/// The user's block, and the impls of the policy or their stand-ins.
pub(crate) fn policy(block: HandlerBlock) -> TokenStream {
    let HandlerBlock { item, handled } = block;
    let policy = match &handled {
        Handled::Projection(policy) => Some(policy_impl(policy)),
        Handled::Refused(refused) => refused.as_deref().map(stand_in::policy_impl),
    };
    quote!(#item #policy)
}

/// The user's block, and the impl of the projection or its stand-in.
pub(crate) fn projection(block: HandlerBlock) -> TokenStream {
    let HandlerBlock { item, handled } = block;
    let projection = match &handled {
        Handled::Projection(projection) => Some(projection_impl(projection)),
        Handled::Refused(refused) => refused.as_deref().map(stand_in::projection_impl),
    };
    quote!(#item #projection)
}

fn policy_impl(policy: &Projection) -> TokenStream {
    let Projection { krate, ty, .. } = policy;
    // what a handler saves carries the event as its cause
    let call = |handler: &Handler| {
        let Handler { method, event, takes, .. } = handler;
        let scope = quote!(#krate::__private::PolicyScope);
        match takes {
            Takes::One => quote! {
                for event in events {
                    let envelope = event.decode::<#event>()?;
                    #scope::caused_by(&envelope.context, self.#method(&envelope.event, view)).await?;
                }
            },
            Takes::OneWithContext => quote! {
                for event in events {
                    let envelope = event.decode::<#event>()?;
                    let handling = self.#method(&envelope.event, &envelope.context, view);
                    #scope::caused_by(&envelope.context, handling).await?;
                }
            },
            Takes::Many => quote! {
                let mut envelopes = ::std::vec::Vec::with_capacity(events.len());
                for event in events {
                    envelopes.push(event.decode::<#event>()?);
                }
                #scope::caused_by_all(&envelopes, self.#method(&envelopes, view)).await?;
            },
        }
    };
    // a handler may be retried, so saves outside its unit of work are errors
    let handlers = expanded(policy, call, |handled| {
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
    let call = |handler: &Handler| {
        let Handler { method, event, takes, .. } = handler;
        match takes {
            // nobody asks for the context, nor for the metadata in it
            Takes::One => quote! {
                for event in events {
                    let event = event.decode_event::<#event>()?;
                    self.#method(&event, view).await?;
                }
            },
            Takes::OneWithContext => quote! {
                for event in events {
                    let envelope = event.decode::<#event>()?;
                    self.#method(&envelope.event, &envelope.context, view).await?;
                }
            },
            Takes::Many => quote! {
                let mut envelopes = ::std::vec::Vec::with_capacity(events.len());
                for event in events {
                    envelopes.push(event.decode::<#event>()?);
                }
                self.#method(&envelopes, view).await?;
            },
        }
    };
    expanded(projection, call, |handled| handled)
}

/// The impl; `call` calls a handler with events, and `around` wraps these calls.
fn expanded(
    projection: &Projection,
    call: impl Fn(&Handler) -> TokenStream,
    around: impl FnOnce(TokenStream) -> TokenStream,
) -> TokenStream {
    let Projection { krate, name, version, ty, tables, handlers, view } = projection;
    let topics =
        handlers.iter().map(|Handler { event, cfgs, .. }| quote!(#(#cfgs)* #krate::__private::topics_of::<#event>()));
    let splits =
        handlers.iter().map(|Handler { event, cfgs, .. }| quote!(#(#cfgs)* <#event as #krate::EventStruct>::SPLITS));
    let arms = handlers.iter().map(|handler| {
        let (Handler { event, cfgs, .. }, handled) = (handler, call(handler));
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

            const SPLITS: &'static [&'static [#krate::SplitTopic]] = &[#(#splits),*];

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
