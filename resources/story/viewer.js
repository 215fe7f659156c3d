// Shows the city and the stops of a story. Everything it needs stands in the page: CITY and THREE.
"use strict";
(function () {
  const T = THREE, $ = (id) => document.getElementById(id);
  const WORDS = {
    vi: { next: "Tiếp theo", back: "Trước đó", play: "Tự chạy", pause: "Dừng", full: "Toàn màn hình", other: "English",
      wait: "Đang mở đô thị…", old: "Trình duyệt này quá cũ hoặc không có WebGL 2. Hãy dùng bản mới của Chrome, Edge, Firefox hoặc Safari." },
    en: { next: "Next", back: "Back", play: "Play", pause: "Pause", full: "Full screen", other: "Tiếng Việt",
      wait: "Opening the city…", old: "This browser is too old or has no WebGL 2. Take a newer Chrome, Edge, Firefox or Safari." },
  };
  let language = location.hash.includes("en") ? "en" : location.hash.includes("vi") ? "vi"
    : (navigator.language || "").startsWith("vi") ? "vi" : CITY.language;
  const said = (words) => words[language] || words[language === "vi" ? "en" : "vi"] || "";

  // -- poses: arrays in metres from the city's origin, x east, y north, z up -------------------
  const sub = (a, b) => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
  const add = (a, b) => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
  const mix = (a, b, s) => a.map((v, i) => v + (b[i] - v) * s);
  const blend = (a, b, s) => a + (b - a) * s;
  const gl = (v) => new T.Vector3(v[0], v[2], -v[1]);
  const ease = (t) => t * t * t * (t * (6 * t - 15) + 10);
  function polar(v) {
    const r = Math.hypot(...v);
    return [r, Math.atan2(v[0], v[1]), Math.asin(Math.min(1, Math.max(-1, v[2] / Math.max(r, 1e-9))))];
  }
  function cartesian(r, heading, tilt) {
    const flat = r * Math.cos(tilt);
    return [flat * Math.sin(heading), flat * Math.cos(heading), r * Math.sin(tilt)];
  }
  function upOf(eye, target, wanted) {
    const f = sub(target, eye), r = Math.hypot(...f);
    if (Math.abs(f[2]) / r <= 0.9998) return [0, 0, 1];
    if (wanted && Math.abs(wanted[2]) < 0.5) return wanted;
    const flat = Math.hypot(f[0], f[1]);
    return flat > 1e-6 ? [f[0] / flat, f[1] / flat, 0] : [0, 1, 0];
  }
  // The same flight as in the program: turns the short way round and rises on long ways.
  function between(a, b, t) {
    if (t >= 1) return b;
    const s = ease(t), target = mix(a.target, b.target, s);
    const [da, ha, ea] = polar(sub(a.eye, a.target)), [db, hb, eb] = polar(sub(b.eye, b.target));
    const full = 2 * Math.PI, turn = ((((hb - ha + Math.PI) % full) + full) % full) - Math.PI;
    const rise = Math.hypot(...sub(b.target, a.target)) * 0.25 * Math.sin(Math.PI * s);
    const distance = Math.exp(blend(Math.log(da), Math.log(db), s)) + rise;
    const eye = add(target, cartesian(distance, ha + turn * s, blend(ea, eb, s)));
    const scale = a.scale > 0 && b.scale > 0 ? Math.exp(blend(Math.log(a.scale), Math.log(b.scale), s)) : s > 0.5 ? b.scale : a.scale;
    return { eye, target, up: upOf(eye, target), angle: blend(a.angle, b.angle, s), scale };
  }

  // -- the stage --------------------------------------------------------------------------------
  let renderer;
  try {
    renderer = new T.WebGLRenderer({ canvas: $("view"), antialias: true, powerPreference: "high-performance" });
    if (typeof DecompressionStream === "undefined") throw new Error("old");
  } catch (problem) {
    $("wait").textContent = WORDS[language].old;
    return;
  }
  renderer.toneMapping = T.NoToneMapping;
  renderer.outputColorSpace = T.LinearSRGBColorSpace; // our shaders write what is shown themselves
  renderer.shadowMap.enabled = true;
  renderer.shadowMap.type = T.PCFSoftShadowMap;
  renderer.shadowMap.autoUpdate = false;
  const scene = new T.Scene(), perspective = new T.PerspectiveCamera(), flat = new T.OrthographicCamera();
  const sun = new T.DirectionalLight(0xffffff, Math.PI), sky = new T.HemisphereLight(0xffffff, 0xffffff, Math.PI);
  sun.castShadow = true;
  sun.shadow.mapSize.set(2048, 2048);
  sun.shadow.bias = -0.0006;
  sun.shadow.normalBias = 0.6;
  scene.add(sun, sun.target, sky);
  const air = { horizon: { value: new T.Vector3() }, zenith: { value: new T.Vector3() }, glow: { value: new T.Vector3() },
    toSun: { value: new T.Vector3() }, haze: { value: 1 / 14000 }, night: { value: 0 }, lit: { value: new T.Vector3() },
    bare: { value: new T.Vector3() }, pixel: { value: 800 } };
  const SHOW = "vec3 dtShow(vec3 c) { c = max(c, 0.0); c = c * (1.0 + c * 0.16) / (1.0 + c * 0.34); return sqrt(c); }\n";
  // Storeys and windows by the program's own code: `_site` says what it must know of each corner.
  function storeys(shader, strength) {
    Object.assign(shader.uniforms, { skyZenith: air.zenith, night: air.night, litShare: air.lit, facade: strength });
    shader.vertexShader = shader.vertexShader
      .replace("#include <common>", "#include <common>\nout vec3 dtPos;\n" + CITY.facade.vertexHead)
      .replace("#include <begin_vertex>", "#include <begin_vertex>\n  dtPos = vec3(position.x, -position.z, position.y);\n" + CITY.facade.vertex);
    shader.fragmentShader = shader.fragmentShader
      .replace("#include <common>", "#include <common>\nin vec3 dtPos;\nuniform vec3 skyZenith;\nuniform float night, facade;\n" + CITY.facade.fragmentHead)
      .replace("#include <color_fragment>", `#include <color_fragment>
        vec3 n = normalize(cross(dFdx(dtPos), dFdy(dtPos))), base = diffuseColor.rgb, glow = vec3(0.0);
        ${CITY.facade.fragment}
        diffuseColor.rgb = base;`)
      .replace("#include <opaque_fragment>", "outgoingLight += glow;\n#include <opaque_fragment>");
  }
  function dress(material, strength) {
    material.onBeforeCompile = (shader) => {
      if (strength) storeys(shader, strength);
      Object.assign(shader.uniforms, { dtHorizon: air.horizon, dtHaze: air.haze });
      shader.fragmentShader = shader.fragmentShader
        .replace("#include <common>", "#include <common>\nuniform vec3 dtHorizon;\nuniform float dtHaze;\n" + SHOW)
        .replace("#include <opaque_fragment>", `
          float dtFar = length(vViewPosition) * dtHaze;
          dtFar *= dtFar;
          outgoingLight = dtShow(mix(outgoingLight, dtHorizon, 0.80 * dtFar / (0.75 + dtFar)));
          #include <opaque_fragment>`)
        .replace("#include <colorspace_fragment>", "");
    };
    // three.js would give all materials the first one's shader.
    material.customProgramCacheKey = () => strength ? "storeys" : "plain";
    return material;
  }
  const dome = new T.Mesh(new T.SphereGeometry(1, 48, 32), new T.ShaderMaterial({
    side: T.BackSide, depthWrite: false, depthTest: false, uniforms: { horizon: air.horizon, zenith: air.zenith, glow: air.glow, toSun: air.toSun },
    vertexShader: "varying vec3 d; void main() { d = position; gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0); }",
    fragmentShader: SHOW + `varying vec3 d; uniform vec3 horizon, zenith, glow, toSun;
      void main() {
        vec3 v = normalize(d); float h = max(v.y, 0.0), s = max(dot(v, toSun), 0.0), low = exp(-h * 15.0);
        vec3 c = mix(zenith, horizon, low * 0.62 + 0.38 * exp(-h * 4.5));
        float s8 = pow(s, 8.0);
        float side = 0.5 + 0.5 * dot(v.xz, toSun.xz) * inversesqrt(max(dot(v.xz, v.xz) * dot(toSun.xz, toSun.xz), 1e-8));
        float sunk = clamp(1.0 - 2.4 * abs(toSun.y), 0.0, 1.0);
        c += glow * 0.62 * side * side * sunk * sunk * (0.55 * exp(-h * 5.0) + 0.45 * low);
        c += glow * (s8 * 0.16 * (0.35 + 0.5 * low) + 0.25 * s8 * s8 * s8 + 2.0 * smoothstep(0.99991, 0.99996, s));
        gl_FragColor = vec4(dtShow(c), 1.0);
      }` }));
  dome.renderOrder = -1;
  dome.frustumCulled = false;
  scene.add(dome);
  const byLayer = {}, painted = {};

  function take(gltf) {
    gltf.scene.traverse((node) => {
      if (!node.isMesh) return;
      let told = node.userData.layer ? node.userData : node.parent.userData;
      const old = node.material;
      const strength = node.geometry.attributes._site ? { value: 1 } : null;
      node.material = dress(new T.MeshLambertMaterial({
        vertexColors: true, flatShading: !node.geometry.attributes.normal,
        transparent: old.opacity < 1, opacity: old.opacity, side: told.shadow ? T.FrontSide : T.DoubleSide }), strength);
      node.userData.strength = strength;
      if (told.bias) Object.assign(node.material, { polygonOffset: true, polygonOffsetFactor: -1, polygonOffsetUnits: -6 * told.bias });
      node.castShadow = Boolean(told.shadow);
      node.receiveShadow = true;
      node.renderOrder = told.bias || 0;
      (byLayer[told.layer] = byLayer[told.layer] || []).push(node);
    });
    scene.add(gltf.scene);
    const ground = new T.BufferGeometry(), R = 60000, ring = [];
    for (let k = 0; k <= 64; k++) ring.push([R * Math.cos(k * Math.PI / 32), R * Math.sin(k * Math.PI / 32)]);
    const at = [], up = [], colour = [];
    for (let k = 0; k < 64; k++)
      for (const [x, y] of [[0, 0], ring[k], ring[k + 1]]) { at.push(x, CITY.plain, -y); up.push(0, 1, 0); colour.push(0.44, 0.46, 0.39); }
    for (const [name, values] of [["position", at], ["normal", up], ["color", colour]])
      ground.setAttribute(name, new T.BufferAttribute(new Float32Array(values), 3));
    plain = new T.Mesh(ground, dress(new T.MeshLambertMaterial({ vertexColors: true })));
    plain.receiveShadow = true;
    scene.add(plain);
  }
  let plain = null;

  async function unpacked(letters) {
    const packed = new Blob([bytes(letters)]).stream();
    return new Response(packed.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
  }
  // Clouds: points have no side that could be turned to the sun, so all get the light of a level place.
  async function takePoints(cloud) {
    const data = await unpacked(cloud.data), n = cloud.count, steps = new Uint16Array(data, 0, 3 * n), at = new Float32Array(3 * n);
    for (let i = 0; i < 3 * n; i++) at[i] = cloud.low[i % 3] + cloud.span[i % 3] * steps[i] / 65535;
    const g = new T.BufferGeometry();
    g.setAttribute("position", new T.BufferAttribute(at, 3));
    g.setAttribute("color", new T.BufferAttribute(new Uint8Array(data, 6 * n, 3 * n), 3, true));
    // About as wide as points stand apart, seen from above.
    const wide = Math.min(Math.max(Math.sqrt(cloud.span[0] * cloud.span[2] / n), 0.2), 3.0);
    const points = new T.Points(g, new T.ShaderMaterial({
      vertexColors: true, uniforms: { horizon: air.horizon, haze: air.haze, bare: air.bare, pixel: air.pixel, wide: { value: wide } },
      vertexShader: SHOW + `varying vec3 c; uniform vec3 horizon, bare; uniform float haze, pixel, wide;
        void main() {
          vec4 p = modelViewMatrix * vec4(position, 1.0);
          gl_Position = projectionMatrix * p;
          float away = projectionMatrix[3][3] > 0.5 ? 1.0 : max(-p.z, 0.1), far = length(p.xyz) * haze;
          far *= far;
          gl_PointSize = clamp(pixel * wide / away, 1.0, 9.0);
          c = dtShow(mix(color * bare, horizon, 0.80 * far / (0.75 + far)));
        }`,
      fragmentShader: "varying vec3 c; void main() { gl_FragColor = vec4(c, 1.0); }" }));
    points.frustumCulled = false;
    (byLayer[cloud.layer] = byLayer[cloud.layer] || []).push(points);
    scene.add(points);
  }

  function paint(layer, key) {
    if ((painted[layer] || "") === key) return;
    painted[layer] = key;
    for (const mesh of byLayer[layer] || []) {
      const g = mesh.geometry, row = g.attributes._feature_id_0;
      if (!row) continue;
      g.userData.own = g.userData.own || g.attributes.color;
      if (!key) { g.setAttribute("color", g.userData.own); continue; }
      const table = bytes(CITY.paints[key]), out = new Uint8Array(row.count * 4);
      for (let i = 0; i < row.count; i++) {
        const r = row.getX(i) * 4;
        out[4 * i] = table[r]; out[4 * i + 1] = table[r + 1]; out[4 * i + 2] = table[r + 2]; out[4 * i + 3] = 255;
      }
      g.setAttribute("color", new T.BufferAttribute(out, 4, true));
    }
  }

  // -- what is seen now -------------------------------------------------------------------------
  let stop = 0, flight = null, playing = false, rest = 0, pose = null, look = null, dirty = true, shadowAt = null;
  const light = (s) => s.light;
  function mixLight(a, b, s) {
    const out = {};
    for (const key in a) out[key] = mix(a[key], b[key], s);
    return out;
  }
  function shine(l) {
    look = l;
    const r = Math.hypot(...l.sun), d = [l.sun[0] / r, l.sun[1] / r, l.sun[2] / r];
    air.toSun.value.copy(gl(d));
    sun.color.setRGB(...l.sunLight, T.LinearSRGBColorSpace);
    sun.intensity = Math.PI * Math.min(1, Math.max(0, (d[2] + 0.02) / 0.06));
    sky.color.setRGB(...l.skyLight, T.LinearSRGBColorSpace);
    sky.groundColor.setRGB(...l.bounceLight, T.LinearSRGBColorSpace);
    air.horizon.value.set(...l.horizon);
    air.zenith.value.set(...l.zenith);
    air.glow.value.set(...l.glow);
    air.night.value = l.night[0];
    air.lit.value.set(...l.lit);
    air.bare.value.set(...l.skyLight.map((v, i) => v + l.sunLight[i] * Math.max(d[2], 0)));
  }
  function dressFor(s) {
    for (const layer in byLayer)
      for (const mesh of byLayer[layer]) {
        mesh.visible = !s.hidden.includes(layer);
        if (mesh.userData.strength) mesh.userData.strength.value = s.calm.includes(layer) ? 0.45 : 1;
      }
    for (const layer in byLayer) paint(layer, s.paint[layer] || "");
    shadowAt = null;
    named = s.labels.map((key) => CITY.labels[key]);
    for (const one of shown.values()) one.remove();
    shown.clear();
  }

  // -- names: the most important first, none over another; those that are seen are asked first ----
  let named = [];
  const shown = new Map();
  function name(camera) {
    const w = innerWidth, h = innerHeight, cells = new Set(), texts = {}, found = [], CELL = 8, at = new T.Vector3();
    const perRadian = h / (2 * Math.tan(pose.angle * Math.PI / 360));
    named.forEach((table, place) => {
      let rank = 0;
      for (let i = 0; i < table.texts.length; i++) {
        at.copy(gl(table.where[i])).project(camera);
        if (at.z > 1 || Math.abs(at.x) > 1 || Math.abs(at.y) > 1) continue;
        const scale = pose.scale > 0 ? h / (2 * pose.scale) : perRadian / Math.max(Math.hypot(...sub(table.where[i], pose.eye)), 1);
        const key = `${table.layer} ${i}`, seen = shown.has(key);
        if (table.extent[i] * scale < 34 * (seen ? 0.75 : 1)) continue;
        found.push({ key, seen, rank: rank++ + 0.1 * place, text: table.texts[i], size: table.size, x: (at.x + 1) / 2 * w, y: (1 - at.y) / 2 * h });
      }
    });
    found.sort((a, b) => (b.seen - a.seen) || (a.rank - b.rank));
    const stays = new Set();
    const cover = (left, top, right, low) => {
      const taken = [];
      for (let x = Math.floor(left / CELL); x <= right / CELL; x++)
        for (let y = Math.floor(top / CELL); y <= low / CELL; y++) taken.push(x * 10000 + y);
      return taken;
    };
    for (const id of ["title", "legend", "picture", "caption", "bar", "sources"]) {
      const box = $(id).getBoundingClientRect();
      if (box.width) cover(box.left, box.top, box.right, box.bottom).forEach((cell) => cells.add(cell));
    }
    for (const one of found) {
      if (stays.size >= 200) break;
      const wide = one.text.length * one.size * 0.56 + 12, tall = one.size * 1.4 + 4;
      const left = one.x - wide / 2, top = one.y - tall;
      if (left < 0 || top < 0 || left + wide > w || one.y > h) continue;
      if ((texts[one.text] || []).some(([x, y]) => Math.abs(x - one.x) < 260 && Math.abs(y - one.y) < 260)) continue;
      const taken = cover(left - 4, top - 3, left + wide + 4, one.y + 3);
      if (taken.some((cell) => cells.has(cell))) continue;
      taken.forEach((cell) => cells.add(cell));
      (texts[one.text] = texts[one.text] || []).push([one.x, one.y]);
      stays.add(one.key);
      let part = shown.get(one.key);
      if (!part) {
        part = document.createElement("span");
        part.textContent = one.text;
        part.style.fontSize = `${one.size}px`;
        $("names").append(part);
        shown.set(one.key, part);
      }
      part.style.transform = `translate(${one.x.toFixed(1)}px, ${one.y.toFixed(1)}px) translate(-50%, -100%)`;
    }
    for (const [key, part] of shown) if (!stays.has(key)) { part.remove(); shown.delete(key); }
  }
  function cast() {
    // The part of the city worth sharp shadows: around the target, as wide as what is seen of it.
    const away = Math.hypot(...sub(pose.eye, pose.target)), half = pose.scale > 0 ? pose.scale * 1.7 : Math.min(Math.max(away * 0.9, 120), 2200);
    const key = [...pose.target, half, ...look.sun];
    if (shadowAt && key.every((v, i) => Math.abs(v - shadowAt[i]) < (i < 4 ? half * 0.12 : 0.002))) return;
    shadowAt = key;
    const d = air.toSun.value, c = sun.shadow.camera, at = gl(pose.target);
    sun.target.position.copy(at);
    sun.position.copy(at).addScaledVector(d, 4000);
    c.left = c.bottom = -half; c.right = c.top = half; c.near = 500; c.far = 9000;
    c.updateProjectionMatrix();
    sun.shadow.normalBias = half / 2048 * 2;
    renderer.shadowMap.needsUpdate = true;
  }
  function draw() {
    dirty = false;
    const w = innerWidth, h = innerHeight, ratio = Math.min(devicePixelRatio || 1, 2);
    if (renderer.domElement.width !== Math.floor(w * ratio) || renderer.domElement.height !== Math.floor(h * ratio)) {
      renderer.setPixelRatio(ratio);
      renderer.setSize(w, h, false);
    }
    const camera = pose.scale > 0 ? flat : perspective, away = Math.hypot(...sub(pose.eye, pose.target));
    if (pose.scale > 0) {
      flat.left = -pose.scale * w / h; flat.right = -flat.left; flat.top = pose.scale; flat.bottom = -pose.scale;
      flat.near = -15000; flat.far = 15000;
    } else {
      perspective.fov = pose.angle; perspective.aspect = w / h;
      perspective.near = Math.min(Math.max((pose.eye[2] - CITY.top) * 0.3, 0.5), 500);
      perspective.far = 72000;
    }
    camera.position.copy(gl(pose.eye));
    camera.up.copy(gl(pose.up));
    camera.lookAt(gl(pose.target));
    camera.updateProjectionMatrix();
    dome.position.copy(camera.position);
    dome.scale.setScalar(pose.scale > 0 ? 9000 : perspective.far * 0.5);
    if (plain) plain.position.set(pose.eye[0], 0, -pose.eye[1]);
    air.haze.value = 1 / Math.max(CITY.clear, 2.3 * away);
    air.pixel.value = ratio * (pose.scale > 0 ? h / (2 * pose.scale) : h / (2 * Math.tan(pose.angle * Math.PI / 360)));
    cast();
    renderer.render(scene, camera);
    camera.updateMatrixWorld();
    name(camera);
  }
  function tell(strength) {
    const s = CITY.stops[stop];
    for (const part of [$("caption"), $("picture"), $("legend")]) part.style.opacity = strength;
    if (!strength) return;
    $("caption").textContent = said(s.caption);
    $("caption").hidden = !said(s.caption);
    $("picture").hidden = !s.picture;
    if (s.picture) $("picture").src = CITY.pictures[s.picture];
    const box = $("legend");
    box.replaceChildren();
    box.hidden = !s.legend.length;
    for (const one of s.legend) {
      const head = document.createElement("b");
      head.textContent = said(one.title) + (one.unit ? ` (${one.unit})` : "");
      box.append(head);
      for (const entry of one.entries) {
        const line = document.createElement("span"), tile = document.createElement("i");
        tile.style.background = entry.color;
        line.append(tile, said(entry.label));
        box.append(line);
      }
    }
  }
  // The last picture lies over the next one and goes away.
  function keepLast() {
    draw(); // what a browser has shown it need not keep
    const last = $("last"), from = renderer.domElement;
    last.width = from.width;
    last.height = from.height;
    last.getContext("2d").drawImage(from, 0, 0);
    last.style.opacity = 1;
  }
  function go(number, how) {
    const n = Math.min(Math.max(number, 0), CITY.stops.length - 1), to = CITY.stops[n];
    if (!pose || how === "at once") { arrive(n); return; }
    stop = n;
    marks();
    tell(0);
    const kind = to.transition === "cut" ? 0 : to.transition === "fade" ? 1200 : Math.max(to.flight * 1000, 1);
    if (!kind) { arrive(n); return; }
    if (to.transition === "fade") keepLast();
    flight = { from: pose, light: look, to, began: performance.now(), takes: kind, fade: to.transition === "fade", dressed: false };
    dirty = true;
  }
  function arrive(n) {
    stop = n;
    flight = null;
    const s = CITY.stops[n];
    pose = s.pose;
    shine(s.light);
    dressFor(s);
    $("last").style.opacity = 0;
    rest = performance.now() + s.seconds * 1000;
    marks();
    tell(1);
    dirty = true;
  }
  function fly(now) {
    const t = Math.min((now - flight.began) / flight.takes, 1), to = flight.to;
    if (t >= 1) { arrive(stop); return; }
    if (t >= (flight.fade ? 0 : 0.5) && !flight.dressed) { flight.dressed = true; dressFor(to); }
    if (flight.fade) {
      $("last").style.opacity = 1 - ease(t);
      pose = to.pose;
      shine(to.light);
    } else {
      pose = between(flight.from, to.pose, t);
      shine(mixLight(flight.light, to.light, ease(t)));
    }
    dirty = true;
  }
  function frame(now) {
    if (flight) fly(now);
    else if (playing && now > rest) {
      if (stop + 1 < CITY.stops.length) go(stop + 1);
      else if (location.hash.includes("loop")) go(0);
      else play(false);
    }
    if (dirty) draw();
    requestAnimationFrame(frame);
  }

  // -- hands ------------------------------------------------------------------------------------
  function play(on) {
    playing = on;
    rest = performance.now() + CITY.stops[stop].seconds * 1000;
    words();
  }
  function marks() {
    [...$("marks").children].forEach((mark, n) => mark.classList.toggle("now", n === stop));
    $("number").textContent = `${stop + 1} / ${CITY.stops.length}`;
  }
  function words() {
    const w = WORDS[language];
    document.documentElement.lang = language;
    document.title = said(CITY.title);
    $("title").textContent = said(CITY.title);
    for (const [id, text] of [["next", w.next], ["back", w.back], ["play", playing ? w.pause : w.play], ["full", w.full], ["tongue", w.other]]) {
      $(id).title = text;
      $(id).setAttribute("aria-label", text);
    }
    $("tongue").textContent = language === "vi" ? "EN" : "VI";
    $("play").textContent = playing ? "❚❚" : "▶";
    $("sources").textContent = [CITY.sources, said(CITY.note)].filter(Boolean).join(" · ");
    if ($("wait")) $("wait").textContent = w.wait;
    if (pose && !flight) tell(1);
  }
  function speak() { language = language === "vi" ? "en" : "vi"; words(); marks(); }
  const whole = () => document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen();
  const next = () => go(stop + 1), back = () => go(stop - 1);
  const KEYS = { PageDown: next, ArrowRight: next, ArrowDown: next, " ": next, Enter: next, PageUp: back, ArrowLeft: back, ArrowUp: back, Backspace: back,
    Home: () => go(0), End: () => go(CITY.stops.length - 1), p: () => play(!playing), f: whole, l: speak, Escape: () => play(false) };
  addEventListener("keydown", (event) => {
    const act = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });
  let held = null;
  $("view").addEventListener("pointerdown", (event) => {
    held = { x: event.clientX, y: event.clientY, pan: event.button !== 0 || event.shiftKey };
    flight = null; playing = false; words();
    event.target.setPointerCapture(event.pointerId);
  });
  $("view").addEventListener("pointerup", () => { held = null; });
  $("view").addEventListener("contextmenu", (event) => event.preventDefault());
  $("view").addEventListener("pointermove", (event) => {
    if (!held || !pose) return;
    const dx = event.clientX - held.x, dy = event.clientY - held.y;
    held.x = event.clientX; held.y = event.clientY;
    const [r, heading, tilt] = polar(sub(pose.eye, pose.target));
    if (held.pan) {
      const step = (pose.scale > 0 ? 2 * pose.scale : 2 * r * Math.tan(pose.angle * Math.PI / 360)) / innerHeight;
      const ahead = [-Math.sin(heading), -Math.cos(heading)], right = [ahead[1], -ahead[0]];
      const move = [step * (ahead[0] * dy - right[0] * dx), step * (ahead[1] * dy - right[1] * dx), 0];
      pose = { ...pose, eye: add(pose.eye, move), target: add(pose.target, move) };
    } else {
      const eye = add(pose.target, cartesian(r, heading + dx * 0.005, Math.min(Math.max(tilt + dy * 0.005, 0.03), 1.55)));
      pose = { ...pose, eye, up: upOf(eye, pose.target) };
    }
    dirty = true;
  });
  $("view").addEventListener("wheel", (event) => {
    if (!pose) return;
    event.preventDefault();
    const factor = Math.exp(event.deltaY * 0.0012), away = sub(pose.eye, pose.target);
    const far = Math.min(Math.max(Math.hypot(...away) * factor, 15), 20000) / Math.hypot(...away);
    pose = { ...pose, eye: add(pose.target, away.map((v) => v * far)), scale: pose.scale * (pose.scale > 0 ? factor : 0) };
    dirty = true;
  }, { passive: false });
  addEventListener("resize", () => { dirty = Boolean(pose); });
  $("next").onclick = next; $("back").onclick = back; $("play").onclick = () => play(!playing); $("full").onclick = whole; $("tongue").onclick = speak;

  // -- the city ---------------------------------------------------------------------------------
  function bytes(letters) {
    const text = atob(letters), out = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) out[i] = text.charCodeAt(i);
    return out;
  }
  async function open() {
    const glb = await unpacked($("city").textContent.trim());
    $("city").remove();
    await new Promise((done, failed) => new T.GLTFLoader().parse(glb, "", (gltf) => { take(gltf); done(); }, failed));
    for (const cloud of CITY.points.clouds) await takePoints(cloud);
    CITY.stops.forEach((s, n) => {
      const mark = document.createElement("button");
      mark.title = s.name;
      mark.onclick = () => go(n);
      $("marks").append(mark);
    });
    go(0, "at once");
    words();
    draw();
    $("wait").remove();
    document.body.classList.add("ready");
    playing = location.hash.includes("play") || location.hash.includes("loop");
    requestAnimationFrame(frame);
  }
  window.dothi = { get stop() { return stop; }, get still() { return document.body.classList.contains("ready") && !flight && !dirty; },
    get pose() { return pose; }, go, between, triangles: () => renderer.info.render.triangles };
  words();
  open().catch((problem) => { $("wait").textContent = String(problem); throw problem; });
})();
