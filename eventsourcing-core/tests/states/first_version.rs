//! States as the first version of this library recorded them.

use eventsourcing_core::Mapper;
use eventsourcing_core::codec::cipher::{AesCipher, ChaCha20Poly1305Cipher};

use super::{key, place};

pub(super) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// States recorded by the first version, which must stay readable.
#[test]
fn states_of_the_first_version_are_read() {
    let event =
        br#"{"timestamp":"2026-11-23T04:11:04.800139Z","what":"dinosaurs dinosaurs dinosaurs dinosaurs dinosaurs "}"#;
    for (state, checksum) in GOLDEN {
        let mapper = match state.get(2..4) {
            Some("01" | "11") => Mapper::new("universe").with_cipher(ChaCha20Poly1305Cipher::new(&key())),
            Some("02" | "32") => Mapper::new("universe").with_cipher(AesCipher::new(&key())),
            _ => Mapper::new("universe"),
        };
        assert_eq!(mapper.open(&place(), &hex(state), checksum).unwrap(), event.as_slice(), "{state}");
    }
}

const GOLDEN: [(&str, Option<u32>); 7] = [
    // plain
    (
        "7b2274696d657374616d70223a22323032362d31312d32335430343a31313a30342e3830303133395a222c2277686174223a2264696e6f736175727320\
         64696e6f73617572732064696e6f73617572732064696e6f73617572732064696e6f736175727320227d",
        Some(3_942_340_403),
    ),
    // zstd
    (
        "0110000000000000006728b52ffd20673d0200f4037b2274696d657374616d70223a22323032362d31312d32335430343a31313a30342e383030313339\
         5a222c2277686174223a2264696e6f736175727320227d0100bd658102",
        Some(3_666_216_196),
    ),
    // zlib
    (
        "01300000000000000067789c8dca310a80300c00c0af48662b495a44f30e27b780821daa62220ee2dff5096e37dc0d9ecb6cae650701466e0351e03860\
         1222c1d4748814fb116ab816f52f4d79dd4ccfc3aabf82e705462f21a3",
        Some(1_142_765_918),
    ),
    // chacha20poly1305
    (
        "0101b348f7640000006721364984886f6ffdd29d42bc0f3b988713e40dd52eeb2a5f947ad6ef3e3eadb7281c29aea588b1d130b926a0142fc28268cd65\
         6e178cd60132cc8fb2cc6b1cdd4c0b28fbf8fcd8372f61c5e5b5ce2aaa447055ed6d3eaccaf99e59beb48b4d01da84e59b7df58727961bd29dfe7518f2\
         57021ac622ef1af19652498c629273c60a96e01f68ce9b4010d62a052b22ba",
        None,
    ),
    // aes
    (
        "0102b348f76400000067571adfcd7466a90140952e2ca013c05dbaed0fda2143e7dfe6c9077ff406835f6cef03227b87d2b18d178116c79335c3634871\
         56542383b1152d02e816954aa525f0cc73f9f0852d4a094d65313e6e4bbefc4534667a9f99f3dc90ece9ea2bcf0316da8d3f82a1254ef9d31786c51995\
         acc9933beb0fbf3dc88d9ab0931b276932ff7c",
        None,
    ),
    // zstd, chacha20poly1305
    (
        "0111b348f764000000670992b50fbf241dc66f3153b706588c589fb194776872b36776bd5f409ec2336bdd7c9b85b9faef213ae7c0aac536e87520eb99\
         bc15c4b5c15235d663fed44acc8da304a40f80a097125641645fc65aeffd390370ce518f3f7db6adac7613b80017153f74231f4afd73a2418dafb1dfe2\
         e6739dc7a3e22957",
        None,
    ),
    // zlib, aes
    (
        "0132b348f764000000677f1a5c124ba7cd88d5cb41421edc70ced65410d2e73ac4b2a2ef607dca3927fc83bf12dfa46db95f0700c109a726b732ad57f1\
         922b47b2648ccd83afe6583a3eb41b600b0fd7c4e51f75be17a813c152206361ad82221b72084403fa23d4d1a59b2d0c6044194746852bd7fe",
        None,
    ),
];
