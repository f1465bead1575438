//! 60 s of a fax over G.711, both directions: figures in docs/audio.md.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    missing_docs,
    reason = "a benchmark, and test helpers shared with the tests"
)]

use std::collections::HashMap;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use faxflow::api::rtp::RtpArrival;
use faxflow::api::rtp::g711::Law;
use faxflow::api::rtp::{fax, header, sniff, stream};

use v21_signal::{CLEAN, Random, amplitude, message, modulate, packets};

#[path = "../tests/support/v21_signal.rs"]
mod v21_signal;

/// A page sender: a message, 2400 Bd of four phases around 1800 Hz, again and again; and the other side, silent
/// but for an answer to each.
fn call() -> [Vec<RtpArrival>; 2] {
    let mut random = Random(1);
    let (mut one, mut other) = (Vec::new(), Vec::new());
    while one.len() < 60 * 8000 {
        one.extend(modulate(
            &message(&[vec![0xFF, 0xC8, 0xF4], vec![7; 20]]),
            CLEAN,
        ));
        one.extend(page(10.0, &mut random));
        other.resize(one.len(), 0.0);
        other.extend(modulate(&message(&[vec![0xFF, 0xC8, 0x31]]), CLEAN));
        one.resize(other.len(), 0.0);
    }
    [one, other].map(|mut sound| {
        sound.truncate(60 * 8000);
        packets(&sound, CLEAN, &mut random)
    })
}

fn page(seconds: f64, random: &mut Random) -> Vec<f64> {
    let mut turn = 0.0;
    (0..(seconds * 8000.0) as usize)
        .map(|sample| {
            if sample * 3 / 10 != (sample + 1) * 3 / 10 {
                turn += std::f64::consts::FRAC_PI_2 * (random.next() % 4) as f64;
            }
            let angle = std::f64::consts::TAU * 1800.0 * sample as f64 / 8000.0;
            amplitude(-14.0) * (angle + turn).sin()
        })
        .collect()
}

fn audio(criterion: &mut Criterion) {
    let call = call();
    let codecs = HashMap::new();
    let mut group = criterion.benchmark_group("audio");
    group.sample_size(10);
    group.throughput(Throughput::Elements(2 * 60 * 8000));
    group.bench_function("listen to 60 s, both directions", |bencher| {
        bencher.iter(|| {
            let [one, other] = call
                .each_ref()
                .map(|arrivals| fax::listen(black_box(arrivals), &codecs));
            assert!(one.is_fax && other.is_fax);
        });
    });
    group.bench_function("figures of 60 s, both directions", |bencher| {
        bencher.iter(|| {
            call.each_ref()
                .map(|arrivals| stream::spans(arrivals, &codecs))
        });
    });
    group.finish();
    let payloads: Vec<&[u8]> = call[0]
        .iter()
        .map(|arrival| header::parse(&arrival.payload).unwrap().payload)
        .collect();
    let mut group = criterion.benchmark_group("sniff");
    group.throughput(Throughput::Elements(payloads.len() as u64));
    group.bench_function("packets of 20 ms", |bencher| {
        bencher.iter(|| {
            payloads
                .iter()
                .filter_map(|payload| sniff::sniff(black_box(payload), Law::Mu))
                .count()
        });
    });
    group.finish();
}

criterion_group!(benches, audio);
criterion_main!(benches);
