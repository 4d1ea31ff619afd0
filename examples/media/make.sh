#!/usr/bin/env bash
# Makes the media beside it: 20 s of a turning sunrise with the time burnt in, a note each second.
# Made with ffmpeg 5.1.9 of Debian 12 (apt-get install ffmpeg fonts-dejavu-core); one thread, no
# dates and no version in the files, so that the same ffmpeg makes the same bytes again.
set -euo pipefail
cd "$(dirname "$0")"

seconds=20
font=/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf
picture="
  gradients=size=960x540:rate=25:seed=7:speed=0.02:nb_colors=4:x0=0:y0=0:x1=960:y1=540
    :c0=0x14213d:c1=0x5b3a78:c2=0xd1495b:c3=0xf6ae2d,
  drawtext=fontfile=$font:text='%{pts\:hms}':fontsize=88:fontcolor=white
    :x=(w-text_w)/2:y=(h-text_h)/2:shadowcolor=black@0.4:shadowx=3:shadowy=3[sky];
  color=white:size=960x8:rate=25[bar];
  [sky][bar]overlay=x='-W+W*t/$seconds':y=H-h,format=yuv420p"
# A pentatonic walk: every second another string is plucked.
note="220*pow(2\,floor(mod(floor(t)*3\,10)*12/5)/12)"
sound="aevalsrc='0.4*sin(2*PI*$note*t)*exp(-3*mod(t\,1))':sample_rate=48000"

encode() { # the output and its options
  ffmpeg -hide_banner -loglevel error -y -f lavfi -i "$picture" -f lavfi -i "$sound" -t $seconds \
    -map_metadata -1 -fflags +bitexact -flags:v +bitexact -flags:a +bitexact -threads 1 "$@"
}

encode -c:v libx264 -preset slow -crf 27 -g 50 -c:a aac -b:a 64k -movflags +faststart film.mp4
encode -c:v libvpx-vp9 -crf 34 -b:v 0 -g 50 -deadline good -cpu-used 2 -c:a libopus -b:a 48k film.webm
encode -map 1:a -c:a libmp3lame -b:a 96k notes.mp3
ffmpeg -hide_banner -loglevel error -y -i film.mp4 -map_metadata -1 -fflags +bitexact -c copy \
  film-moov-at-end.mp4

{
  echo WEBVTT
  for ((second = 0; second < seconds; second += 4)); do
    printf '\n00:00:%02d.000 --> 00:00:%02d.000\nFrom second %d to second %d\n' \
      $second $((second + 4)) $second $((second + 4))
  done
} >film.en.vtt
