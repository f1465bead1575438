//! A page coded in MH for `page rows=...`: rows that a decoder reads, and rows that it does not.

use super::step::Step;

/// Bits, the first one the highest of its octet.
#[derive(Default)]
struct Bits {
    octets: Vec<u8>,
    count: usize,
}

impl Bits {
    fn put(&mut self, word: &str) {
        for bit in word.chars().filter(|bit| *bit != ' ') {
            if self.count.is_multiple_of(8) {
                self.octets.push(0);
            }
            if bit == '1' {
                *self.octets.last_mut().expect("just pushed") |= 0x80 >> (self.count % 8);
            }
            self.count += 1;
        }
    }
}

const EOL: &str = "000000000001";
/// White 1728; white 2048. Each make-up code is followed by white 0.
const WHITE_1728: &str = "010011011 00110101";
const WHITE_2048: &str = "000000010011 00110101";
/// White 832, black 64, and white up to 1728 or 2048.
const INK_1728: &str = "011010010 00110101 0000001111 0000110111 011010010 00110101";
const INK_2048: &str = "011010010 00110101 0000001111 0000110111 011010111 00110101";
/// White 832 and no more.
const BROKEN: &str = "011010010 00110101";

/// The octets of `page rows=100 black=40 broken=3 width=2048 fill=288 no-rtc`: of the rows the first `black` have
/// ink (usual: half of them), every tenth of the first `broken` times ten is damaged, each is filled up to `fill`
/// bits. `None`: the step has no `rows`.
pub(crate) fn coded(step: &Step) -> Option<Vec<u8>> {
    let rows = step.args.count("rows")?;
    let black = step.args.count("black").unwrap_or(rows / 2);
    let broken = step.args.count("broken").unwrap_or(0);
    let fill = step.args.count("fill").unwrap_or(0);
    let (white, ink) = match step.args.count("width") {
        Some(2048) => (WHITE_2048, INK_2048),
        _ => (WHITE_1728, INK_1728),
    };
    let mut bits = Bits::default();
    for row in 0..rows {
        let start = bits.count;
        bits.put(EOL);
        bits.put(match () {
            () if row % 10 == 5 && row / 10 < broken => BROKEN,
            () if row < black => ink,
            () => white,
        });
        while bits.count - start < fill {
            bits.put("0");
        }
    }
    let ends = if step.args.all_plain().any(|word| word == "no-rtc") {
        0
    } else {
        6
    };
    (0..ends).for_each(|_| bits.put(EOL));
    Some(bits.octets)
}
