//! The explorer as a server of its own.

#[path = "common/mod.rs"]
mod common;

use common::{Order, Shop};
use eventsourcing_explorer::Explorer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

async fn shop() -> Shop {
    let shop = Shop::builder().variables(Vec::<(String, String)>::new()).open().await.expect("an application");
    shop.save(&mut Order::place("ada".to_owned(), 12)).await.expect("saved");
    shop
}

async fn asked(address: std::net::SocketAddr, head: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(head.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    answer
}

#[tokio::test]
async fn a_server_makes_its_own_token() {
    let server = Explorer::of(&*shop().await).serve(([127, 0, 0, 1], 0).into()).await.expect("a server");
    let (address, token) = (server.address(), server.token().expect("a token").to_owned());
    assert_eq!(server.url(), format!("http://{address}/overview"));
    assert!(!server.url().contains(&token) && !format!("{server:?}").contains(&token));

    let head = |rest: &str| format!("GET /Shop/log HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{rest}\r\n");
    assert!(asked(address, &head("")).await.starts_with("HTTP/1.1 401"));
    let page = asked(address, &head(&format!("authorization: Bearer {token}\r\n"))).await;
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("Order.<b>Placed</b>"), "{page}");
    server.stop().await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn two_servers_have_different_tokens() {
    let shop = shop().await;
    let first = Explorer::of(&shop).serve(([127, 0, 0, 1], 0).into()).await.expect("a server");
    let second = Explorer::of(&shop).serve(([127, 0, 0, 1], 0).into()).await.expect("a server");
    assert_ne!(first.token(), second.token());
    let taken = Explorer::of(&shop).serve(first.address()).await;
    assert!(taken.expect_err("the port is taken").to_string().contains("cannot listen"));
}
