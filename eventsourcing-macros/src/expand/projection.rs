//! `impl Projection`: which handler takes which event; and that of a policy.

use proc_macro2::TokenStream;
use quote::quote;

use crate::model::{Handler, Projection, Takes};

pub(crate) fn policy(policy: &Projection) -> TokenStream {
    let Projection { krate, ty, .. } = policy;
    let handlers = projection(policy);
    quote! {
        impl #krate::ProcessApplication for #ty {}

        #handlers
    }
}

pub(crate) fn projection(projection: &Projection) -> TokenStream {
    let Projection { krate, name, ty, handlers, view } = projection;
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
    quote! {
        impl #krate::Projection for #ty {
            type View = #view;

            const NAME: &'static str = #name;

            const TOPICS: &'static [&'static str] = &[#(#topics),*];

            async fn handle(
                &self,
                topic: &str,
                events: &[#krate::following::Recorded<'_>],
                view: &mut Self::View,
            ) -> ::std::result::Result<(), #krate::persistence::Cause> {
                match topic {
                    #(#arms)*
                    _ => {}
                }
                ::std::result::Result::Ok(())
            }
        }

        const _: () = #krate::__private::are_distinct(<#ty as #krate::Projection>::TOPICS);
    }
}
