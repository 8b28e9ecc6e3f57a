//! The application's struct and its constructors.

use proc_macro2::TokenStream;
use quote::quote;

use crate::model::checked::Application;

/// The struct and its impls.
pub(crate) fn application(application: Application) -> TokenStream {
    let Application { krate, attributes, visibility, ident, name, aggregates } = application;
    // which of the two apply, only the compiler sees: a macro does not know whether a type is `Serialize` or `Debug`
    let views = (!aggregates.is_empty()).then(|| {
        quote! {
            #[allow(unused_imports)]
            use #krate::__private::{NoJson as _, NoText as _};
        }
    });
    quote! {
        #(#attributes)*
        #visibility struct #ident {
            /// The opened application.
            application: #krate::Application,
        }

        impl #ident {
            /// Opens the application with the environment variables of the process.
            ///
            /// # Errors
            /// If a variable is missing or invalid, or the database cannot be opened.
            pub async fn open() -> #krate::Result<Self> {
                Self::builder().open().await
            }

            /// Opens the application with these variables and no others.
            ///
            /// # Errors
            /// If a variable is missing or invalid, or the database cannot be opened.
            pub async fn open_with<K, V>(variables: impl ::std::iter::IntoIterator<Item = (K, V)>) -> #krate::Result<Self>
            where
                K: ::std::convert::Into<::std::string::String>,
                V: ::std::convert::Into<::std::string::String>,
            {
                Self::builder().variables(variables).open().await
            }

            /// Returns a builder, which configures the application in code.
            pub fn builder() -> #krate::Builder<Self> {
                #views
                #krate::Builder::new(#name)
                    #(.aggregate_with::<#aggregates>(
                        #krate::__private::AsJson::<#aggregates>::VIEW.or(#krate::__private::AsText::<#aggregates>::VIEW)
                    ))*
            }
        }

        impl #krate::ApplicationStruct for #ident {
            const NAME: &'static str = #name;

            async fn open_in(
                variables: ::std::option::Option<::std::vec::Vec<(::std::string::String, ::std::string::String)>>,
            ) -> #krate::Result<Self> {
                match variables {
                    ::std::option::Option::Some(variables) => Self::open_with(variables).await,
                    ::std::option::Option::None => Self::open().await,
                }
            }

            async fn open_to_look(
                variables: ::std::vec::Vec<(::std::string::String, ::std::string::String)>,
                with_key: bool,
            ) -> #krate::Result<Self> {
                let builder = Self::builder().variables(variables).read_only();
                let builder = if with_key { builder } else { builder.without_key() };
                builder.open().await
            }
        }

        impl ::std::convert::From<#krate::Application> for #ident {
            fn from(application: #krate::Application) -> Self {
                Self { application }
            }
        }

        impl ::std::ops::Deref for #ident {
            type Target = #krate::Application;

            fn deref(&self) -> &Self::Target {
                &self.application
            }
        }
    }
}
