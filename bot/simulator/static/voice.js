// A sample voice note: a hummed sentence of 2.4 seconds in Opus packets of 60 ms, put in an Ogg file here.
// A longer recording repeats it, so that the file lasts as long as the person held the button.

const SIZES = [
  60, 99, 98, 63, 79, 71, 91, 56, 95, 110, 73, 88, 66, 65, 46, 21, 79, 72, 67, 88, 79, 89, 54,
  103, 30, 88, 78, 70, 68, 84, 82, 76, 76, 91, 79, 83, 46, 21, 21, 21, 21,
];

const SOUND = [
  "WCL5ltxevZO5Cc+JOOu+zEaUqGIxjU+LU32dmHYHJzhGghrJG8QIiYK/q3kSW4iVF/qzNasLNA/Kuqn8WOcSWDAGznWpnTUG",
  "gQlpewtjDgZR/4lTsswdfcTdtC1vQ0N/Rc4b0o4EFOalALh2t0ZpLBvdiNljw9zyQ9QNINQmV7q6XTjBFAZruPAMS3jwAJKt",
  "G0WbKu+E3o+w+D6jr9iuWOj0400JKoj/5JRhQSqhn2+ucWRZlVCwHWiHvsusIskNpYauipi412LZTcdGOasbvB/bwq+12ufx",
  "EUUOa7wf4Ma+3uqZM4CReLUdsdw9jZIhgbtuHiAQIkh270JnYqC/HzBY6ZkVUtcT1vsBtGBozlg7/phn36wViXE63P84aki8",
  "7SLodPIeQy45uAYAWNxq8LoGZxJI9l9K7qtD2W4JmOhYyOPvArvXYLN2HZbTQ+nXJSyFoX1VZpyDIfeVvpv/4TGz0+tXp7LI",
  "IM9BBCqjg2qeaXJULDexyfH/VuTaYZJjAib8LLCnhP0IwWCUoviAWGIr3XzuHMtbEgxYaYxJbMhPe16RocZAvkvagXFZ0YGz",
  "oRl4cES0b/6hKfgUb4z32o4WDzhj69dehELVeVWYhgjJU/1FJcBY6QFN2c1Ymm0RpvVo7M9MwuYsY/F1LTsHGL9LUI5nRua5",
  "CAVZF+0Kh6kFJRRUlk8vOWCOprhgSpGBSBz/HGp80BoMX6hxlIbFL60HBlPfnQ0n9MsQ3YpM89+MWOn28w0jptFwE3rHW6IE",
  "oY1+CVAMgakZP6caHUzFM5f25NXO3XqcMFCSeAss9MJzKXEgHxpGw0BYyJEHMYNHiAyBlRXVPlJGGjV/sTQVgOW6QlX5dW7o",
  "yu4aO13rP/s/0U3T4KbRyxTcB8c8p5Fs+PXh9EJOjMQZY3YkPNQMrfb1373O6lm9yRlOOZrPrOiBRpO4gzjAQFjgAQBTf8rg",
  "KEAlj/gOHPYwj0two8v8BYUro45LJdgcoeMTjAvLBDlJrsJ/4cluSg89gDmacOgOTF+UAcG+ejwGuGJA0TpDn7zFuTNctY1N",
  "Vzxp5KUg87HUCobqFlftTcAfBHTCRO2zV7h9eNDHWOkBwQGw5iBvHxXb10d19+nePNBdYOhOKx/Ij24RTWq9YD6kI7wULMgi",
  "+BNLXEZSus118/vVXQEFTrJt1fUoBZMNsizkVqJI4Fjp9yPIiO2zDi5VASE4SOOkwqqT/MMIt3fnoJblCXvnMxv5hh/MBdvh",
  "c7ysgp+9AKlLOBVoKZdQxLj3CGLTFl4gdGIUa2u1Up9HzdBHfYggZxBfzhov5gJY6fcjqiNw53r5L6IhkRabsSQu26xUN6CD",
  "9/4aGJxAf2d5aDsWUK+OugRuA+w46GO3l8Du88H0xjRESDAAbu66EXRY6X/kWOuD46HRWk4lS7c1hkrhGgbGZxRHNJcShv/u",
  "j6txfwHnO63+kfxINcIjNuH9QKkjcVTmDFGOBF/79OAiB1iH4S++HIjtXwuo7y5jtZ1NTh5klCNvWo2rG7ll/pal4zcM3zoe",
  "e1VQ8jiKzU9YAivecjaSHwX6R41pLI8gCvv7KyBYYivecjaSHzJUWYpaStYrz+qgIOLPnHwjg1lslGB547GP24YbnPfzOwDZ",
  "78XX+BMNyw674zThFxaHBKbcDyhymb85VQ/t9CU5k4CdxVfwWOkQcNGefsYEXBpfjyZc6yerI6WPUHpLjEBvkqrN7lNxzFwN",
  "pqVYScnwNQtAEN+2G53qL+IlSLHZiYO/8efWpGuRQA8uUcMeWOmbwsK5i2bq/2EsOyeVFlKgn/mqFua/iUVWdw7bLWFjrUW2",
  "l1q4DQvZIVQlUr/GqJDIS0//af12VdX5odqJehwWYFivcuFKPWih1WuMNHgKHTh5fbtrwHQiLBk+1QLfSpwut5YkVRLAd+jX",
  "ydVIty3rHpNIvRrZ9Fr4I4g8oLZ2hoH0BvZgz/sKPU2XVgE++4aWONoZSCj6/rBY6A1pSP814PEqCpL+FzsYPv/ywfyWqCNr",
  "QHwebFDtkNe35F3Iph932EedHhmQKR37+JPxuvginRCQwGGCbew2HV2vPfEPbVqh1JojNtiIWOlG5UJm1VTRivst6yiZ0acO",
  "a6b+YhcJJNTojKDmbsi09IqV18VXcI9s1sxwp2YYcwIa6d1IJiEDmOSNO8SFO7YL3S8cnTmUczM2b7lT1OnO8a0DCFmb8D5Y",
  "6fbzDSOlSNZybWkGwMq1qlX+KkkcNuqsxd0rjGKeMn9PoL7XE8/HhRbEsTzTnHkMcjhMyMJY6JNPVDG5wr9ydRKC9LtRts/B",
  "MmEWOgC0XYWDe4Qa0TzXwgsqFqtb+99KPRC9RvtffUfiXncGMhYhpRrB6z9JpG3PqtyYFCF6PMAWFilmDsqRn9BWgqL0JYUy",
  "+Yl0r7kipyij/avLWAMypnWW1MAMbAlD60gWQ+G+bKd0lcf4o0nFnc2AWOAVyXTmHvsMNjo+nIspGstxh3Q2UwwZNOqUlhRe",
  "rR1f7bZSBhUze4PGKyleUOhAmtuQSlewKr7DV3dcx5MCs20NedqvVkhnpAoMGAWYEwIQQblI4dSdgFjpm72tmdRUvXx1xwvv",
  "K3pTDrqwSVO+/YmkmtgZOm6WH9ImlWnx/c4eC1vZFZK7eAXz1FYkZJ/ByFni45f5ebpVywSUndoJDKAkxtePwFjp9HvjSKbs",
  "Q84PqltVLNkgGt+Xyc/VDkB7/HVaZ9F8JKibzRQfXv0CHuMo28EWGsOsSmmzHOD6zp27y6EikIXT1KyCMexYj3hMArKGPAQb",
  "ctzwbS9iAy//Hht95UIqdqlj5oDA2pUIAZo+mRIacF8hnv31i1rEBuhVlZrvxEc+1acMOtAFc0UOgFjgEpZEnTyQ7+OKbfpV",
  "E7DDhg5C0J9h+RriIvMK5M8t/ko8iMlTjy2qaFjlCCpHyPaeak+IZHqgiarvriMPg6XFuetxTr0XZHCJQmgzjdytC7kKQFjo",
  "9MNe88/m0v7AscVhTqY2xeqX32hzIpTwUybYE0qjoDMxSvpqi2ltJx/zQqK+iCb48Ykd5mmNbUvBRC5TwJWToIiYlOD96ScW",
  "M9LorvYDPdpY6ZcZmxbBqsoCLi3RJycwOZMtM/dlCtrcUxoV+l+Ahs0B0uhahnTyrWyve6JlbYWQ4NGrhJ6St5l4jkopnZHa",
  "wDNpfkSfQJrbaMEbWOn6qGsS/tbl2C5ruXYs08MQkfY29pREuj2qxbGqM4z7tP7SAmorNGo23x7+3wdX1JMgn1dwRYBe0zKy",
  "wfQppMXhzY8c5DqimDsyoFjpmRVppBlBfJwZvLfobR0Fe+IHZNYdfBD64UDBhCpP0ypRwJgyCP7W/M0QACDdXv5B/DRWFJy6",
  "EnY4u3dE6BlMAfDeay3RUd47WpjktKHECgOo3GiuyXp8P0RY6ZdwQBmso8H+ujYrPqsQhEkvynwNO5V01UyHtvX/QQcq+Tvd",
  "AtsmTbykVPNMQtmT8sySn573YUtxmyIz8BEsKh+hyS8dZdOrqCwwoOB6WOjbrcEYuL0LwXcYa7T+WESNMjsFvp8Km6ml/26A",
  "hrlVLJqVHAKGkR3aUn6gEekaMnixrdb0M/rZEd81X13ySeF+YVaToOjN9+Suh8VSqnV78bBYgE9815SRlgxtsNqg93oOiA7n",
  "19oRMWjZOMdtCHiQjDCU5p9Up0I4qx5F6ZGAWAIr3nI2kh8F+keNaSyPIAr7+ysgWAIr3nI2kh8F+keNaSyPIAr7+ysgWAIr",
  "3nI2kh8F+keNaSyPIAr7+ysgWAIr3nI2kh8F+keNaSyPIAr7+ysg",
].join("");

const PRE_SKIP = 312;
const PACKET_SAMPLES = 2880;
const PACKETS_A_PAGE = 40;

const CRC = Array.from({ length: 256 }, (_, i) => {
  let value = i << 24;
  for (let bit = 0; bit < 8; bit += 1) value = value & 0x80000000 ? (value << 1) ^ 0x04c11db7 : value << 1;
  return value >>> 0;
});

function packets() {
  const bytes = Uint8Array.from(atob(SOUND), (char) => char.charCodeAt(0));
  let at = 0;
  return SIZES.map((size) => bytes.subarray(at, (at += size)));
}

function page(serial, sequence, granule, flags, parts) {
  const lacing = parts.flatMap((part) => [...Array(Math.floor(part.length / 255)).fill(255), part.length % 255]);
  const size = 27 + lacing.length + parts.reduce((sum, part) => sum + part.length, 0);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  bytes.set([0x4f, 0x67, 0x67, 0x53, 0, flags]);
  view.setUint32(6, granule, true);
  view.setUint32(14, serial, true);
  view.setUint32(18, sequence, true);
  bytes[26] = lacing.length;
  bytes.set(lacing, 27);
  let at = 27 + lacing.length;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  let crc = 0;
  for (const byte of bytes) crc = ((crc << 8) ^ CRC[((crc >>> 24) ^ byte) & 255]) >>> 0;
  view.setUint32(22, crc, true);
  return bytes;
}

function head() {
  const bytes = new Uint8Array(19);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode("OpusHead"));
  bytes.set([1, 1], 8);
  view.setUint16(10, PRE_SKIP, true);
  view.setUint32(12, 48000, true);
  return bytes;
}

function tags() {
  const vendor = new TextEncoder().encode("Taalbrug");
  const bytes = new Uint8Array(8 + 4 + vendor.length + 4);
  bytes.set(new TextEncoder().encode("OpusTags"));
  new DataView(bytes.buffer).setUint32(8, vendor.length, true);
  bytes.set(vendor, 12);
  return bytes;
}

/** An Ogg/Opus file that lasts the given number of seconds (at least one, at most a minute). */
export function voiceNote(seconds) {
  const sound = packets();
  const count = Math.ceil((Math.min(60, Math.max(1, seconds)) * 48000 + PRE_SKIP) / PACKET_SAMPLES);
  const all = Array.from({ length: count }, (_, i) => sound[i % sound.length]);
  const pages = [page(1, 0, 0, 2, [head()]), page(1, 1, 0, 0, [tags()])];
  for (let at = 0; at < count; at += PACKETS_A_PAGE) {
    const part = all.slice(at, at + PACKETS_A_PAGE);
    const last = at + part.length >= count;
    pages.push(page(1, pages.length, (at + part.length) * PACKET_SAMPLES, last ? 4 : 0, part));
  }
  return new Blob(pages, { type: "audio/ogg" });
}
