//! `impl Projection`: which handler takes which event.

use proc_macro2::TokenStream;
use quote::quote;

use crate::model::{Handler, Projection};

pub(crate) fn projection(projection: &Projection) -> TokenStream {
    let Projection { krate, name, ty, handlers, view } = projection;
    let topics =
        handlers.iter().map(|Handler { event, cfgs, .. }| quote!(#(#cfgs)* <#event as #krate::EventStruct>::TOPIC));
    let arms = handlers.iter().map(|Handler { method, event, takes_about, cfgs, .. }| {
        let about = takes_about.then(|| quote!(&about,));
        let about_name = if *takes_about { quote!(about) } else { quote!(_) };
        quote! {
            #(#cfgs)*
            <#event as #krate::EventStruct>::TOPIC => {
                let (event, #about_name) = event.decode::<#event>()?;
                self.#method(&event, #about view).await?;
            }
        }
    });
    quote! {
        impl #krate::Projection for #ty {
            type View = #view;

            const NAME: &'static str = #name;

            const TOPICS: &'static [&'static str] = &[#(#topics),*];

            async fn handle(
                &self,
                event: #krate::following::Recorded<'_>,
                view: &mut Self::View,
            ) -> ::std::result::Result<(), #krate::persistence::Cause> {
                match event.topic() {
                    #(#arms)*
                    _ => {}
                }
                ::std::result::Result::Ok(())
            }
        }

        const _: () = #krate::__private::are_distinct(<#ty as #krate::Projection>::TOPICS);
    }
}
