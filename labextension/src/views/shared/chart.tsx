import * as React from 'react';
import { useEffect, useRef, useState } from 'react';
import type { EChartsType } from 'echarts/core';
import { useHost } from './host';

/** Okabe–Ito: training and validation keep their hue everywhere. */
export const HUES = {
  train: '#0072B2',
  validation: '#D55E00',
  baseline: '#8a8a8a',
  best: '#009E73'
} as const;

export interface Theme {
  text: string;
  faint: string;
  line: string;
  background: string;
  font: string;
}

function themeOf(element: Element): Theme {
  const style = getComputedStyle(element);
  const get = (name: string, fallback: string): string =>
    style.getPropertyValue(name).trim() || fallback;
  return {
    text: get('--jp-content-font-color1', '#212121'),
    faint: get('--jp-content-font-color2', '#616161'),
    line: get('--jp-border-color2', '#e0e0e0'),
    background: get('--jp-layout-color1', '#ffffff'),
    font: get('--jp-ui-font-family', 'sans-serif')
  };
}

/** What charts have alike in the colours of the page: all of it, the box of a tooltip, and an axis. */
export function look(theme: Theme) {
  return {
    whole: { animation: false, textStyle: { fontFamily: theme.font } },
    tooltip: {
      backgroundColor: theme.background,
      borderColor: theme.line,
      textStyle: { color: theme.text }
    },
    axis: {
      type: 'value' as const,
      axisLabel: { color: theme.faint, hideOverlap: true },
      axisLine: { lineStyle: { color: theme.line } },
      splitLine: { lineStyle: { color: theme.line } },
      nameTextStyle: { color: theme.faint }
    }
  };
}

type Option = Parameters<EChartsType['setOption']>[0];

/** A drawing with its text summary; what it shows is also in a data table that the caller offers. */
export function Chart({
  draw,
  summary,
  height = 220,
  onReady
}: {
  draw: (theme: Theme) => Option;
  summary: string;
  height?: number;
  /** Gets the chart once it is made, to hear what is clicked on it; one function for its whole life. */
  onReady?: (chart: EChartsType) => void;
}): React.ReactElement {
  const { trans } = useHost();
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType | null>(null);
  const latest = useRef(draw);
  const [broken, setBroken] = useState(false);

  useEffect(() => {
    latest.current = draw;
    if (chart.current && box.current) {
      chart.current.setOption(draw(themeOf(box.current)), {
        notMerge: false,
        lazyUpdate: true
      });
    }
  }, [draw]);

  useEffect(() => {
    const element = box.current;
    if (!element) {
      return;
    }
    let over = false;
    let made: EChartsType | null = null;
    const redraw = (): void => {
      made?.setOption(latest.current(themeOf(element)), { notMerge: true });
    };
    const sizes = new ResizeObserver(() => {
      if (element.clientWidth > 0) {
        made?.resize();
      }
    });
    const themes = new MutationObserver(redraw);
    import('./echarts').then(
      ({ init }) => {
        if (over) {
          return;
        }
        made = init(element, undefined, { renderer: 'svg', height });
        chart.current = made;
        redraw();
        onReady?.(made);
        sizes.observe(element);
        themes.observe(document.body, {
          attributes: true,
          attributeFilter: ['data-jp-theme-name', 'data-jp-theme-light']
        });
      },
      () => {
        if (!over) {
          setBroken(true);
        }
      }
    );
    return () => {
      over = true;
      sizes.disconnect();
      themes.disconnect();
      made?.dispose();
      chart.current = null;
    };
  }, [height, onReady]);

  return broken ? (
    <p className="kf-help">
      {trans('The chart could not be loaded; the numbers are in the table.')}{' '}
      {summary}
    </p>
  ) : (
    <div
      ref={box}
      className="kf-Chart"
      role="img"
      aria-label={summary}
      style={{ height }}
    />
  );
}
