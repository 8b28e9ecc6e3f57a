//! The snapshot of an aggregate whose events were split.

use expect_test::expect_file;
use proc_macro2::TokenStream;
use quote::quote;

use super::reads;
use crate::entry;

#[test]
fn comet_expands_events_that_became_others() {
    let aggregate_struct = quote! {
        #[derive(Debug)]
        pub struct Comet {
            name: String,
        }
    };
    let aggregate_impl = quote! {
        impl Comet {
            #[event("Sighted")]
            pub fn sight(name: &str) -> Self {
                Self { name: name.to_owned() }
            }

            #[event("Renamed")]
            pub fn rename(&mut self, name: &str) {
                self.name = name.to_owned();
            }

            #[event(struct = Burnt)]
            pub fn burn(&mut self) {}

            /// It came close to the sun.
            #[event("Passed", version = 2, upcasts = [passed_v1], was = ["Comet.Closed"], split)]
            fn passed(name: &str) -> Result<(CometRenamed, Burnt), String> {
                Ok((CometRenamed { name: name.to_owned() }, Burnt {}))
            }
        }
    };
    let shapes = quote! {
        #[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
        pub struct Burnt {}
        #[derive(serde::Deserialize)]
        pub struct PassedV1 {
            pub name: String,
        }
        fn passed_v1(old: PassedV1) -> CometPassed {
            CometPassed { name: old.name }
        }
    };
    reads(
        &[
            entry::aggregate(TokenStream::new(), aggregate_struct),
            entry::aggregate(TokenStream::new(), aggregate_impl),
            shapes,
        ],
        &expect_file!["../../tests/expansion/comet.rs"],
    );
}
