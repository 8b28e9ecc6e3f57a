// Times in the browser's zone, keys, the event beside the list, new events. Pages work without it.
'use strict';
(() => {
	const root = document.documentElement, $ = (q, of = document) => of.querySelector(q), $$ = (q, of = document) => [...of.querySelectorAll(q)];
	root.classList.add('js');

	const local = root.dataset.tz === 'local', two = n => String(n).padStart(2, '0');
	const month = new Intl.DateTimeFormat('en', { month: 'short' }), zone = new Intl.DateTimeFormat('en', { timeZoneName: 'short' });
	function times(of) {
		if (!local) return;
		for (const el of $$('time', of)) {
			const at = new Date(el.dateTime), digits = (/\.(\d+)/.exec(el.dateTime) || ['', ''])[1].padEnd(6, 0);
			const day = at.getDate() + ' ' + month.format(at), time = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(':');
			const name = zone.formatToParts(at).find(part => part.type === 'timeZoneName').value;
			el.textContent = 'long' in el.dataset ? `${day} ${at.getFullYear()}, ${time}.${digits.slice(0, 6)} ${name}` : `${day} ${time}.${digits.slice(0, 3)}`;
		}
		for (const el of $$('.tz', of)) el.textContent = ', local';
	}
	times(document);

	const rows = $('#rows');
	let wanted, source;
	async function show(link) {
		const row = link.closest('tr');
		if (!row) return location.assign(link.href);
		for (const other of $$('[aria-selected]', rows)) other.removeAttribute('aria-selected');
		row.setAttribute('aria-selected', true);
		row.scrollIntoView({ block: 'nearest' });
		wanted = link.href;
		const answer = await fetch(link.href), page = new DOMParser().parseFromString(await answer.text(), 'text/html');
		const next = $('aside', page), now = $('aside');

		if (wanted !== link.href || !next || !now) return;
		times(next);
		now.replaceWith(next);
		if (!source) history.replaceState(null, '', link.href);
	}
	function move(by) {
		const all = rows ? $$('tr[id] > td:first-child > a', rows) : $$('.hist a');
		const at = all.findIndex(link => link.closest('[aria-selected], [aria-current]'));
		const to = all[Math.max(0, Math.min(all.length - 1, at + by))];
		if (to && to !== all[at]) show(to);
	}
	if (rows) rows.addEventListener('click', event => {
		const row = event.target.closest('tr[id]'), link = event.target.closest('a');
		if (!row || link && link !== $('a', row) || event.ctrlKey || event.metaKey || event.shiftKey || innerWidth < 1181 || getSelection() + '') return;
		event.preventDefault();
		show($('a', row));
	});

	const live = $('#live'), say = text => { live.lastElementChild.textContent = text; };
	let url = rows && rows.dataset.tail;
	function follow() {
		const mine = source = new EventSource(url);
		source.onopen = () => say('Live');
		source.onerror = () => {
			say('Reconnecting');
			if (mine.readyState === 2) setTimeout(() => mine === source && follow(), 3000);
		};
		source.onmessage = event => {
			const first = rows.firstChild;
			rows.insertAdjacentHTML('afterbegin', event.data);
			for (let row = rows.firstChild; row !== first; row = row.nextSibling) row.className += ' new';
			times(rows);
			for (const row of $$('tr', rows).slice(200)) row.remove();
			const next = new URL(url, location);
			next.searchParams.set('after', event.lastEventId);
			url = next.href;
		};
	}
	if (url) {
		if (!document.hidden) follow();
		document.addEventListener('visibilitychange', () => {
			if (source) source.close();
			source = null;
			if (!document.hidden) follow();
		});
	}

	const press = q => { const el = $(q); if (el) el.click(); };
	const keys = {
		j: () => move(1), k: () => move(-1), t: () => press('#pause'), '/': () => $('#q').focus(),
		ArrowLeft: () => press('#prev'), ArrowRight: () => press('#next'), Enter: () => press('#open'),
	};
	document.addEventListener('keydown', event => {
		const { key, target } = event;
		if (event.ctrlKey || event.metaKey || event.altKey) return;
		if (target.closest('input')) return key === 'Escape' && target.blur();
		if (!keys[key] || key === 'Enter' && target !== document.body) return;
		event.preventDefault();
		keys[key]();
	});
})();
