//! A shop with some of everything, served to a browser.

use eventsourcing::prelude::*;
use eventsourcing_explorer::{Explorer, Server};

use crate::browser::Browser;
use crate::common::{Cart, Parcel, Payments, Shop, TOKEN, in_memory, place};

/// An explorer that is served, and what it shows.
pub(crate) struct Site {
    pub(crate) shop: Shop,
    pub(crate) server: Server,
    /// An order with several versions, a cart that is shown as text, a parcel of an unknown type, and one order of the encrypted log.
    pub(crate) order: Uuid,
    pub(crate) cart: Uuid,
    pub(crate) parcel: Uuid,
    pub(crate) secret: Uuid,
}

impl Site {
    /// Records an example of each kind, and serves it.
    pub(crate) async fn open() -> Self {
        let shop = in_memory().await;
        let metadata = || Metadata::new().with_actor("grace").with_correlation_id("visit-7").with("tenant", "12");
        let (mut order, mut cart) = (place("ada"), Cart::fill("KB-0021".to_owned()));
        let mut parcel = Parcel::pack(9_007_199_254_740_993, "red".to_owned());
        order.note("gift".to_owned());
        shop.save((&mut order, &mut cart, &mut parcel)).metadata(metadata()).await.expect("saved");
        for number in 0..80 {
            order.note(format!("note number {number}"));
        }
        parcel.weigh(7);
        shop.save((&mut order, &mut parcel)).metadata(metadata()).await.expect("saved");

        let key = eventsourcing::codec::cipher::ChaCha20Poly1305Cipher::create_key();
        let encrypted = vec![("CIPHER_KEY".to_owned(), key.as_str().to_owned())];
        let payments = Payments::builder().variables(encrypted).open().await.expect("an application");
        let mut secret = place("Ada Lovelace");
        secret.note("secret".to_owned());
        payments.save(&mut secret).metadata(metadata()).await.expect("saved");

        let explorer = Explorer::of(&shop).also(&payments).token(TOKEN);
        let server = explorer.serve(([127, 0, 0, 1], 0).into()).await.expect("a server");
        let (order, cart, parcel, secret) = (order.id(), cart.id(), parcel.id(), secret.id());
        Self { shop, server, order, cart, parcel, secret }
    }

    /// The URL of a page.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.address())
    }
}

/// A browser that is signed in at an explorer.
pub(crate) fn signed_in(server: &Server) -> Browser {
    let browser = Browser::start();
    browser.go(&format!("http://{}/login", server.address()));
    browser.write("#token", TOKEN);
    browser.open("form button");
    assert!(browser.url().ends_with("/overview"), "{}", browser.url());
    browser
}

/// An explorer of a shop.
pub(crate) async fn serve(shop: &Shop) -> Server {
    Explorer::of(shop).token(TOKEN).serve(([127, 0, 0, 1], 0).into()).await.expect("a server")
}
