"""The GLSL of cast shadow: sharp where it begins, softer with the distance to what casts it."""

from __future__ import annotations

import math

SUN_DISC = 2.0 * math.tan(math.radians(0.533 / 2.0))
"""Metres of penumbra for each metre to what casts it: the sun's mean angular diameter is 0.533°
(Astronomical Almanac, semidiameter 959.63″ at one astronomical unit)."""
SEEK, TAPS = 12, 16
"""Places where what casts is sought, and where the shadow is then asked."""
LEAST_TEXELS = 3.0
"""No edge is sharper than this: the map knows nothing finer."""
MOST_TEXELS = 22.0
"""Nor softer: so many taps would no longer hide that they are few."""

# Software GL computes both sides of a branch, but leaves a loop as soon as no pixel of a handful asks
# for another turn. So what is often not needed stands in loops whose number of turns depends on it, and
# on `taps`, which is 16 or 0: a number that the compiler knew would have it unroll them.
FUNCTIONS = (
    f"""
const float dtDisc = {SUN_DISC:.8f};
const float dtLeast = {LEAST_TEXELS:.1f}, dtMost = {MOST_TEXELS:.1f};
const float dtSeek = {SEEK}.0, dtTaps = {TAPS}.0;
"""
    + """
float dtDepth(sampler2D map, vec2 uv, vec3 range) {
  float code = dot(texture(map, uv).rgb, vec3(0.9960938094, 0.0038909914, 0.000015199185));
  return code <= 0.0 ? -1e9 : range.x + range.y * code;
}
vec2 dtSpread(float i, float turn, float count) {
  // Vogel's spiral: places spread evenly over a disc of radius one.
  float r = sqrt((i + 0.5) / count), a = i * 2.39996323 + turn;
  return r * vec2(cos(a), sin(a));
}
float dtWithin(vec2 uv) {
  vec2 far = abs(uv - 0.5);
  return 1.0 - smoothstep(0.46, 0.495, max(far.x, far.y));
}
// ax, ay: scene -> uv, shifted by az.xy; az.z: depth of the map's plane along the sun's rays;
// info: metres per texel, 1 / size; range: lowest depth and span of the packed bytes.
float dtSharp(sampler2D map, vec2 uv, float d, vec2 tilt, vec3 info, vec3 range, int rows) {
  float sum = 0.0;
  vec2 at = uv / info.y - 0.5;
  vec2 cell = floor(at), f = at - cell;
  // 3 × 3 texels weighted bilinearly: smooth over two texels without a blocky edge.
  for (int j = -1; j < rows - 1; j++) {
    float wy = j == -1 ? 1.0 - f.y : (j == 2 ? f.y : 1.0);
    for (int i = -1; i <= 2; i++) {
      float wx = i == -1 ? 1.0 - f.x : (i == 2 ? f.x : 1.0);
      float top = dtDepth(map, (cell + vec2(float(i), float(j)) + 0.5) * info.y, range);
      sum += wx * wy * (d < top ? 0.0 : 1.0);
    }
  }
  return sum / 9.0;
}
float dtSoft(vec3 p, vec3 n, float grain, sampler2D map, vec3 ax, vec3 ay, vec3 az, vec3 info,
    vec3 range) {
  float slope = clamp(1.0 - dot(n, sunDir), 0.0, 1.0);
  vec3 q = p + n * info.x * (0.7 + 1.6 * slope);
  vec2 uv = vec2(dot(ax, q), dot(ay, q)) + az.xy;
  float d = dot(sunDir, q) - az.z + info.x * 0.35;
  // Beside this point its own surface rises or falls towards the sun: a wide filter must not take
  // that for something above it.
  vec2 tilt = -vec2(dot(n, ax), dot(n, ay)) / (dot(ax, ax) * max(dot(n, sunDir), 0.12));
  // The map's fourth part tells the highest depth around: nothing softer than that makes is sought.
  float texels = dtDisc / info.x;
  float reach = 0.5 * min((range.x + range.y * texture(map, uv).a - d) * texels, dtMost);
  // An edge that is narrower than a pixel, or than the map can tell, needs no search.
  bool seek = reach > dtLeast * 0.5 && reach * info.x > 0.7 * length(fwidth(p));
  float turn = 6.2831853 * grain;
  float met = 0.0, above = 0.0;
  int seeks = taps - (int(dtTaps) - int(dtSeek));
  for (int i = 0; i < (seek ? seeks : 0); i++) {
    vec2 off = dtSpread(float(i), turn, dtSeek) * reach * info.y;
    float top = dtDepth(map, uv + off, range);
    float high = top - (d + dot(tilt, off));
    float hides = high > 0.15 * info.x ? 1.0 : 0.0;
    met += hides;
    above += hides * high;
  }
  float wide = met > 0.0 ? above / met * texels : 0.0;
  bool soft = wide > dtLeast && met < dtSeek - 0.5;
  float sharp = dtSharp(map, uv, d, tilt, info, range, soft ? 0 : taps / 4);
  float sum = 0.0;
  float radius = 0.5 * min(wide, dtMost) * info.y;
  for (int i = 0; i < (soft ? taps : 0); i++) {
    vec2 off = dtSpread(float(i), turn + 1.7, dtTaps) * radius;
    float top = dtDepth(map, uv + off, range);
    sum += d + dot(tilt, off) < top ? 0.0 : 1.0;
  }
  return soft ? sum / dtTaps : sharp;
}
float dtFar(vec3 p, vec3 n, sampler2D map, vec3 ax, vec3 ay, vec3 az, vec3 info, vec3 range,
    int rows, out float inside) {
  float slope = clamp(1.0 - dot(n, sunDir), 0.0, 1.0);
  vec3 q = p + n * info.x * (0.7 + 1.6 * slope);
  vec2 uv = vec2(dot(ax, q), dot(ay, q)) + az.xy;
  inside = dtWithin(uv);
  float d = dot(sunDir, q) - az.z + info.x * 0.35;
  return dtSharp(map, uv, d, vec2(0.0), info, range, rows);
}
"""
)

# The far map is asked only where the near one ends.
SHADOW = """
  if (taps > 0 && sun > 0.0) {
    float turn = fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715))));
    float inNear = dtWithin(vec2(dot(sunNearX, dtPos), dot(sunNearY, dtPos)) + sunNearZ.xy);
    float inFar = 0.0;
    float nearLit = dtSoft(dtPos, n, turn, sunNear, sunNearX, sunNearY, sunNearZ, sunNearInfo,
      sunNearRange);
    float farLit = dtFar(dtPos, n, sunFar, sunFarX, sunFarY, sunFarZ, sunFarInfo, sunFarRange,
      inNear < 1.0 ? taps / 4 : 0, inFar);
    lit = mix(mix(1.0, farLit, inFar), nearLit, inNear);
  }
"""
